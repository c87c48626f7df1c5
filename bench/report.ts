import type { Outcome, Round } from './rounds.ts'
import { ratios, spread, type Spread } from './statistics.ts'
import { figure, figureWithSpread, table } from './table.ts'
import type { Budget, Comparison } from './targets.ts'

/** A comparison with what was measured for it. */
export interface Compared extends Comparison {
  readonly load: string
  readonly ratio: Spread
}

/** Medians and spreads of everything a round measures. */
export type Summary = Readonly<Record<keyof Round, Spread>>

/** Median and spread of each figure over the rounds. */
export function summary(rounds: readonly Round[]): Summary {
  const of = (name: keyof Round) => spread(rounds.map((round) => round[name]))
  return {
    answered: of('answered'),
    wrong: of('wrong'),
    seconds: of('seconds'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    cpuMicros: of('cpuMicros'),
    userMicros: of('userMicros'),
    systemMicros: of('systemMicros'),
    rssBytes: of('rssBytes'),
    requestsPerSecond: of('requestsPerSecond'),
  }
}

/** Processor time per request, target against target, wherever both were measured under the same load. */
export function compare(
  comparisons: readonly Comparison[],
  outcomes: readonly Outcome[],
): readonly Compared[] {
  return comparisons.flatMap((comparison) =>
    outcomes
      .filter(({ target, notRun }) => target === comparison.target && notRun === undefined)
      .flatMap((ours) => {
        const theirs = outcomes.find(
          ({ target, load }) => target === comparison.against && load === ours.load,
        )
        if (theirs === undefined) return []
        return [
          { ...comparison, load: ours.load, ratio: ratios(cpuMicros(ours), cpuMicros(theirs)) },
        ]
      }),
  )
}

function cpuMicros({ rounds }: Outcome): readonly number[] {
  return rounds.map((round) => round.cpuMicros)
}

/** The table of targets, those that did not run with their reason. */
export function outcomeTable(outcomes: readonly Outcome[]): string {
  const headings = ['target', 'load', 'cpu µs/req', 'req/s', 'p50 ms', 'p99 ms', 'RSS MB', 'wrong']
  const measured = outcomes.filter(({ notRun }) => notRun === undefined)
  const rows = measured.map(outcomeRow)
  const absent = outcomes.flatMap(({ target, notRun }) =>
    notRun === undefined ? [] : [`${target}: not run: ${notRun}`],
  )
  return [table(headings, rows), ...absent].join('\n')
}

/** The table of comparisons, with what is promised. */
export function comparisonTable(compared: readonly Compared[]): string {
  const headings = ['processor time', 'load', 'ratio', 'promised']
  const rows = compared.map(({ target, against, load, ratio, reach }) => {
    const verdict = reach === undefined ? '' : `≤ ${reach} ${ratio.median <= reach ? 'yes' : 'NO'}`
    return [`${target} / ${against}`, load, figureWithSpread(ratio), verdict]
  })
  return table(headings, rows)
}

/** The table of what is promised in microseconds, for the targets that ran. */
export function budgetTable(budgets: readonly Budget[], outcomes: readonly Outcome[]): string {
  const rows = budgets.flatMap(({ target, micros }) =>
    outcomes
      .filter((outcome) => outcome.target === target && outcome.notRun === undefined)
      .map(({ load, rounds }) => {
        const { cpuMicros: cpu } = summary(rounds)
        return [
          target,
          load,
          figureWithSpread(cpu),
          `≤ ${micros} ${cpu.median <= micros ? 'yes' : 'NO'}`,
        ]
      }),
  )
  return rows.length === 0 ? '' : table(['processor time', 'load', 'cpu µs/req', 'promised'], rows)
}

function outcomeRow({ target, load, rounds }: Outcome): readonly string[] {
  const { cpuMicros: cpu, requestsPerSecond, p50Ms, p99Ms, rssBytes } = summary(rounds)
  const wrong = rounds.reduce((sum, round) => sum + round.wrong, 0)
  return [
    target,
    load,
    figureWithSpread(cpu),
    figure(requestsPerSecond.median),
    figure(p50Ms.median),
    figure(p99Ms.median),
    figure(rssBytes.median / 1e6),
    `${wrong}`,
  ]
}

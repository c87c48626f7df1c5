// npm run bench [-- NAME … --quick]: measures targets; npm run bench -- micro [NAME …]: micro-benchmarks;
// npm run bench -- verifier|feed [ROW …]: what else verifiers and the feed between authority and verifiers reach.
// npm run bench -- tokens: the token endpoint.

import process from 'node:process'
import { canPin } from './launch.ts'
import { autocannonLoad } from './load/autocannon.ts'
import { grpcLoad } from './load/grpc.ts'
import { h2load } from './load/h2load.ts'
import { wrkLoad } from './load/wrk.ts'
import { circumstances } from './machine.ts'
import { feedRows } from './feed.ts'
import { runMicros } from './micro.ts'
import { parseOptions, type Options } from './options.ts'
import { budgetTable, compare, comparisonTable, outcomeTable, summary } from './report.ts'
import { circumstancesLine, writeResults } from './results.ts'
import { measure } from './rounds.ts'
import { runSuite } from './suite.ts'
import { runTokens } from './tokens.ts'
import { budgets, comparisons, selectTargets, targets } from './targets.ts'
import { verifierRows } from './verifier.ts'

const options = parseOptions(process.argv.slice(2))
const say = (text: string) => process.stderr.write(`${text}\n`)

process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

const suites = new Map([
  ['feed', feedRows],
  ['verifier', verifierRows],
])
const suite = suites.get(options.names[0] ?? '')

if (options.list) list()
else if (options.names[0] === 'micro') await runMicros(options.names.slice(1), options.quick, say)
else if (suite) await runSuite(suite, { ...options, say })
else if (options.names[0] === 'tokens') await runTokens(options.quick, say)
else await runTargets(options)

function list(): void {
  for (const { name, about } of targets) console.log(`${name}: ${about}`)
}

async function runTargets(wanted: Options): Promise<void> {
  const chosen = selectTargets(targets, wanted.names)
  const generators = selectTargets(
    [autocannonLoad, wrkLoad, grpcLoad, h2load],
    wanted.load === undefined ? [] : [wanted.load],
  ).filter((generator) => generator.available())
  const where = circumstances()
  const outcomes = await measure(chosen, generators, wanted, say)
  const compared = compare(comparisons, outcomes)
  console.log(`\n${circumstancesLine(where)}`)
  if (!canPin) console.log('taskset is not installed: nothing was pinned to a core')
  console.log(`\n${outcomeTable(outcomes)}`)
  if (compared.length > 0) console.log(`\n${comparisonTable(compared)}`)
  const within = budgetTable(budgets, outcomes)
  if (within !== '') console.log(`\n${within}`)
  const summaries = outcomes.flatMap(({ target, load, rounds, notRun }) =>
    notRun === undefined ? [{ target, load, ...summary(rounds) }] : [],
  )
  const figures = { options: wanted, pinned: canPin, summaries, compared, outcomes }
  console.log(`\n${writeResults('targets', where, figures)}`)
}

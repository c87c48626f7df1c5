import type { Answer } from './management.ts'
import { tell } from './terminal.ts'

/** How far a restriction has come, as the answer to it says. */
export interface Applied {
  readonly applied: number
  readonly verifiers: number
  /** When those that are behind must have expired. */
  readonly fencedAt?: string
  readonly warning?: string
}

/** Reads it from the headers of an answer; `undefined` where nothing had to be applied. */
export function appliedOf({ header }: Answer): Applied | undefined {
  const [, applied, verifiers] = /^(\d+)\/(\d+)$/.exec(header('warder-applied') ?? '') ?? []
  if (applied === undefined || verifiers === undefined) return undefined
  const [fencedAt, warning] = [header('warder-fenced-at'), header('warder-warning')]
  return {
    applied: Number(applied),
    verifiers: Number(verifiers),
    ...(fencedAt === undefined ? {} : { fencedAt }),
    ...(warning === undefined ? {} : { warning }),
  }
}

const warnings: ReadonlyMap<string, string> = new Map([
  [
    'only-credential-in-use',
    'it was the only credential of its gateway in use in the last 15 minutes: requests of that gateway are refused now',
  ],
])

/** Says how far a restriction has come, and warns where that is not everywhere. */
export function tellApplied(applied: Applied | undefined): void {
  if (!applied) return
  const { verifiers, fencedAt, warning } = applied
  if (verifiers === 0) tell('no verifier follows this authority at present')
  else tell(`applied by ${applied.applied} of ${verifiers} verifiers`)
  if (applied.applied < verifiers) {
    const end = fencedAt === undefined ? '' : `, until ${fencedAt} at the latest`
    tell(`warning: the others may still judge as before${end}; "warder fleet" shows which`)
  }
  if (warning !== undefined) tell(`warning: ${warnings.get(warning) ?? warning}`)
}

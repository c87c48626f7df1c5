import { readdirSync, readFileSync } from 'node:fs'
import type { ProofReason } from '../../src/credential/proof.ts'
import type { Recipe } from './forge.ts'

/** One attack, or one thing that must be accepted, as data. */
export interface TokenCase extends Recipe {
  readonly id: string
  /** The guarantee, naming the attack. */
  readonly title: string
  /** Seconds by which the judge's clock is off the forger's. */
  readonly now?: number
  readonly at?: 'door' | 'management'
  readonly want: 'proof' | ProofReason
}

const folder = new URL('../cases/', import.meta.url)

/** Every token case; one that wants `keys` is a case for each. */
export function tokenCases(): readonly TokenCase[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('tokens'))
    .toSorted()
    .flatMap((name) => read(name))
    .flatMap(({ keys, ...one }) =>
      keys ? keys.map((key) => ({ ...one, key, title: `${one.title} (${key})` })) : [one],
    )
}

function read(name: string): readonly (TokenCase & { readonly keys?: readonly string[] })[] {
  const cases: readonly (TokenCase & { readonly keys?: readonly string[] })[] = JSON.parse(
    readFileSync(new URL(name, folder), 'utf8'),
  )
  return cases
}

/** The algorithms that a key can have. `Ed25519` is the later name of the only `EdDSA` that is used here. */
export type Algorithm = 'RS256' | 'ES256' | 'EdDSA'

export const algorithms: readonly Algorithm[] = ['RS256', 'ES256', 'EdDSA']

const byName: ReadonlyMap<unknown, Algorithm> = new Map([
  ['RS256', 'RS256'],
  ['ES256', 'ES256'],
  ['EdDSA', 'EdDSA'],
  ['Ed25519', 'EdDSA'],
])

/** The algorithm that a header's or a key's `alg` names, to the letter. */
export function algorithmOf(alg: unknown): Algorithm | undefined {
  return byName.get(alg)
}

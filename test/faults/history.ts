// What was done to an installation under faults and what came of it, each with when it began and when it was known; and
// what must hold of all of it, whatever the faults were.

/** A question at a node. */
export interface Asked {
  readonly kind: 'asked'
  readonly node: string
  readonly credential: string
  readonly began: number
  readonly ended: number
  /** `undefined` where no answer came. */
  readonly status: number | undefined
  /** The revision that the answer says it was judged by. */
  readonly revision: number | undefined
  /** Whether a live credential had to be allowed just then. */
  readonly promised: boolean
}

/** A revocation, and what the authority said to it. */
export interface Revoked {
  readonly kind: 'revoked'
  readonly credential: string
  readonly began: number
  readonly ended: number
  /** `undefined` where no answer came: it may have happened or not. */
  readonly status: number | undefined
  readonly applied: number
  readonly verifiers: number
  /** On the clock of the history. */
  readonly fencedAt: number | undefined
}

/** A credential that the authority said to have made. */
export interface Created {
  readonly kind: 'created'
  readonly credential: string
}

/** The revision that a node says to be at. */
export interface Seen {
  readonly kind: 'seen'
  readonly node: string
  readonly at: number
  readonly revision: number
}

/** An entry of the audit, as the oracles need it. */
export interface AuditEntry {
  readonly action: string
  readonly target: string
  readonly revision: number | undefined
  /** The names of those that had not applied it. */
  readonly missing: readonly string[]
}

export type Happening = Asked | Revoked | Created | Seen

/** What breaks a guarantee, in words; empty when all hold. */
export function violations(
  history: readonly Happening[],
  audit: readonly AuditEntry[],
): readonly string[] {
  const by = <K extends Happening['kind']>(kind: K) =>
    history.filter((each): each is Extract<Happening, { kind: K }> => each.kind === kind)
  const [asked, revoked] = [by('asked'), by('revoked')]
  return [
    ...unsafe(asked, revoked, audit),
    ...resurrected(asked),
    ...unavailable(asked, revoked),
    ...backward(asked, by('seen')),
    ...forgotten(by('created'), revoked, audit),
  ].slice(0, 20)
}

/** (a) No success after the revocation was acknowledged, but on a node that it was said of. */
function unsafe(
  asked: readonly Asked[],
  revoked: readonly Revoked[],
  audit: readonly AuditEntry[],
): readonly string[] {
  const done = new Map(
    revoked.filter(({ status }) => status === 204).map((each) => [each.credential, each]),
  )
  return asked.flatMap((each) => {
    const end = done.get(each.credential)
    if (!end || each.status !== 200 || each.began < end.ended) return []
    const entries = audit.filter(({ target }) => target.includes(each.credential))
    const revision = entries.find(({ action }) => action === 'credential.revoke')?.revision
    const told = entries.find(({ action }) => action === 'revision.applied')
    const behind = end.applied < end.verifiers && (told?.missing.includes(each.node) ?? true)
    if (behind && mayLag(each, end, revision)) return []
    const after = Math.round(each.began - end.ended)
    return [`(a) ${each.credential} passed at ${each.node} ${after} ms after it was revoked`]
  })
}

/** Whether one that was said to be behind could still be so. */
function mayLag(each: Asked, { fencedAt }: Revoked, revision: number | undefined): boolean {
  const knew = revision !== undefined && (each.revision ?? -1) >= revision
  return !knew && (fencedAt === undefined || each.began <= fencedAt)
}

/** (b) Denied once, denied forever, on each node. */
function resurrected(asked: readonly Asked[]): readonly string[] {
  const denied = new Map<string, number>()
  return asked
    .toSorted((a, b) => a.ended - b.ended)
    .flatMap(({ node, credential, status, began, ended }) => {
      const key = `${node} ${credential}`
      const since = denied.get(key)
      if (status === 401 && since === undefined) denied.set(key, ended)
      return status === 200 && since !== undefined && began > since
        ? [`(b) ${credential} came back to life at ${node}`]
        : []
    })
}

/** (c) What is not revoked passes, but for one in ten thousand. */
function unavailable(asked: readonly Asked[], revoked: readonly Revoked[]): readonly string[] {
  // The first attempt counts, whatever came of it.
  const attempts = revoked.toSorted((a, b) => b.began - a.began)
  const ending = new Map(attempts.map(({ credential, began }) => [credential, began]))
  const live = asked.filter(
    ({ promised, credential, ended }) =>
      promised && ended < (ending.get(credential) ?? Number.POSITIVE_INFINITY),
  )
  const bad = live.filter(({ status }) => status !== 200)
  if (bad.length <= live.length / 10_000) return []
  return bad.map(({ node, status }) => `(c) a live credential got ${status} at ${node}`)
}

/** (d) A node never goes back. */
function backward(asked: readonly Asked[], seen: readonly Seen[]): readonly string[] {
  const looks = [
    ...asked.flatMap(({ node, began, ended, revision }) =>
      revision === undefined ? [] : [{ node, began, ended, revision }],
    ),
    ...seen.map(({ node, at, revision }) => ({ node, began: at, ended: at, revision })),
  ].toSorted((a, b) => a.ended - b.ended)
  return [...Map.groupBy(looks, ({ node }) => node)].flatMap(([node, own]) => {
    const ends = own.toSorted((a, b) => a.began - b.began)
    let [at, highest] = [0, -1]
    return ends.flatMap(({ began, revision }) => {
      for (let look = own[at]; look && look.ended < began; look = own[at]) {
        highest = Math.max(highest, look.revision)
        at++
      }
      return revision < highest ? [`(d) ${node} went back from ${highest} to ${revision}`] : []
    })
  })
}

/** (e) What was acknowledged stands in the audit. */
function forgotten(
  created: readonly Created[],
  revoked: readonly Revoked[],
  audit: readonly AuditEntry[],
): readonly string[] {
  const has = (action: string, credential: string) =>
    audit.some((entry) => entry.action === action && entry.target.includes(credential))
  return [
    ...created
      .filter(({ credential }) => !has('credential.create', credential))
      .map(({ credential }) => `(e) the creation of ${credential} is not in the audit`),
    ...revoked
      .filter(({ status, credential }) => status === 204 && !has('credential.revoke', credential))
      .map(({ credential }) => `(e) the revocation of ${credential} is not in the audit`),
  ]
}

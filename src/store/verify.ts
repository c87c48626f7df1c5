import { auditText } from './ledger.ts'
import { canonicalJson, chainStart, nextLink } from './hash-chain.ts'
import type { Json } from './hash-chain.ts'
import type { AuditTable } from './schema.ts'
import type { Store } from './store.ts'

/** What became of a chain: whole up to its head, or broken at the first number that does not fit. */
export type ChainVerdict =
  | { readonly kind: 'whole'; readonly entries: number; readonly head: string }
  | { readonly kind: 'broken'; readonly at: number }

const pageSize = 500

/** Proves the audit chain from its first entry to the head that the counters hold. */
export async function verifyAudit(store: Pick<Store, 'snapshot'>): Promise<ChainVerdict> {
  return await store.snapshot(async (db) => {
    const counters = db.selectFrom('counters').select(['auditSequence', 'auditHash'])
    const end = await counters.executeTakeFirstOrThrow()
    let head = chainStart
    for (let after = 0; after < end.auditSequence;) {
      const page = await db
        .selectFrom('audit')
        .selectAll()
        .where('sequence', '>', after)
        .orderBy('sequence')
        .limit(pageSize)
        .execute()
      if (page.length === 0) {
        return { kind: 'broken', at: after + 1 }
      }
      for (const entry of page) {
        if (!fits(entry, after + 1, head)) {
          return { kind: 'broken', at: after + 1 }
        }
        after = entry.sequence
        head = entry.hash
      }
    }
    return head === end.auditHash
      ? { kind: 'whole', entries: end.auditSequence, head }
      : { kind: 'broken', at: end.auditSequence }
  })
}

function fits({ previous, hash, ...entry }: AuditTable, sequence: number, head: string): boolean {
  const details = detailsOf(entry.details)
  return (
    entry.sequence === sequence &&
    previous === head &&
    details !== undefined &&
    canonicalJson(details) === entry.details &&
    hash === nextLink(head, auditText({ ...entry, details }, sequence))
  )
}

function detailsOf(text: string): Record<string, Json> | undefined {
  try {
    const details: unknown = JSON.parse(text)
    return isRecord(details) ? details : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, Json> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

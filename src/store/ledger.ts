import type { Kysely } from 'kysely'
import { canonicalJson, digestOf, nextLink } from './hash-chain.ts'
import type { AuditTable, ChangeTable, CounterTable, Schema } from './schema.ts'
import type { NewAuditEntry, NewChange } from './store.ts'

/** The ends of both chains as a batch of writes moves them on. */
export interface Ledger {
  /** Gives a write its place at the end of the chains. */
  open(): LedgerPage
  /** Inserts the rows of all kept pages and moves the counters; gives the newest revision if it was raised. */
  insert(db: Kysely<Schema>): Promise<number | undefined>
}

/** What one write appends. */
interface LedgerPage {
  appendChange(change: NewChange): number
  appendAudit(entry: NewAuditEntry): number
  /** Adds what was appended to the chains; without it, it has never been. */
  keep(): void
}

/** The text of an audit entry that its hash is over. */
export function auditText(entry: NewAuditEntry, sequence: number): string {
  const { at, organizationId, environmentId, actor, action, target, outcome, revision } = entry
  const who = { organizationId, environmentId, actor }
  const { details } = entry
  return canonicalJson({ sequence, at, ...who, action, target, outcome, revision, details })
}

/** Begins at the counters that were read under the lock of the batch. */
export function createLedger(start: CounterTable): Ledger {
  const changes: ChangeTable[] = []
  const entries: AuditTable[] = []
  let end = start
  return {
    open() {
      const page = openPage(end)
      return {
        ...page,
        keep() {
          changes.push(...page.changes)
          entries.push(...page.entries)
          end = page.end()
        },
      }
    },
    async insert(db) {
      if (end === start) {
        return undefined
      }
      await Promise.all([
        changes.length > 0 ? db.insertInto('changes').values(changes).execute() : undefined,
        entries.length > 0 ? db.insertInto('audit').values(entries).execute() : undefined,
        db.updateTable('counters').set(end).execute(),
      ])
      return end.revision > start.revision ? end.revision : undefined
    },
  }
}

function openPage(start: CounterTable) {
  const changes: ChangeTable[] = []
  const entries: AuditTable[] = []
  let end = start
  return {
    changes,
    entries,
    end: () => end,
    appendChange({ kind, at, organizationId, environmentId, payload }: NewChange): number {
      requireStorable([kind, organizationId, environmentId])
      requireInteger(at)
      const revision = end.revision + 1
      const body = canonicalJson({ ...payload, kind, revision, previous: end.revision, at })
      const chain = nextLink(end.chain, digestOf(body))
      changes.push({ revision, kind, organizationId, environmentId, at, body, chain })
      end = { ...end, revision, chain }
      return revision
    },
    appendAudit(entry: NewAuditEntry): number {
      const { at, organizationId, environmentId, actor, action, target, outcome, revision } = entry
      requireStorable([actor, action, target, outcome, organizationId, environmentId])
      requireInteger(at)
      requireInteger(revision ?? 0)
      const sequence = end.auditSequence + 1
      const previous = end.auditHash
      const hash = nextLink(previous, auditText(entry, sequence))
      const details = canonicalJson(entry.details)
      const tenant = { organizationId, environmentId }
      const facts = { ...tenant, actor, action, target, outcome, revision, details }
      entries.push({ sequence, at, ...facts, previous, hash })
      end = { ...end, auditSequence: sequence, auditHash: hash }
      return sequence
    },
  }
}

// The rows of a batch go in together, so whatever an engine would refuse or alter is refused here, in the write that brings it.
function requireStorable(texts: readonly (string | null)[]): void {
  if (texts.some((text) => text !== null && (text.includes('\0') || !text.isWellFormed()))) {
    throw new TypeError('the ledger keeps well-formed text without NUL')
  }
}

function requireInteger(value: number): void {
  if (!Number.isSafeInteger(value)) {
    throw new TypeError('the ledger keeps whole numbers')
  }
}

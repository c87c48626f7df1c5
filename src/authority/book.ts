import { changePayload, type ChangeFacts } from '../standing/change.ts'
import type { WriteTransaction } from '../store/store.ts'
import type { Members } from './outcome.ts'

/** Whose things a write is about. */
export interface Tenant {
  readonly organizationId: string | null
  readonly environmentId: string | null
}

/** What somebody did. */
interface Deed {
  readonly action: string
  readonly target: string
  readonly revision?: number | null
  readonly details?: Members
}

/** Writes changes and audit entries inside one transaction. */
export interface Book {
  readonly at: number
  readonly change: (facts: ChangeFacts, tenant: Tenant) => number
  readonly enter: (deed: Deed, tenant: Tenant) => number
}

/** Who writes, and when. */
export interface Writer {
  readonly epoch: string
  readonly actor: string
  readonly at: number
}

/** Opens the book of a transaction. */
export function openBook(tx: WriteTransaction, { epoch, actor, at }: Writer): Book {
  return {
    at,
    change: (facts, tenant) =>
      tx.appendChange({
        kind: facts.kind,
        at,
        ...tenant,
        payload: { ...changePayload(facts), epoch },
      }),
    enter: ({ action, target, revision = null, details = {} }, tenant) =>
      tx.appendAudit({ at, ...tenant, actor, action, target, outcome: 'done', revision, details }),
  }
}

import { hash } from 'node:crypto'
import { parseJsonObject } from '../credential/strict-json.ts'
import { canonicalJson } from '../store/hash-chain.ts'
import type { Store, WriteTransaction } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import { findCaller } from './access.ts'
import { openBook, type Book } from './book.ts'
import {
  keyReused,
  unauthenticated,
  type Answer,
  type Outcome,
  type Refusal,
  type Wait,
} from './outcome.ts'
import type { Call, Once } from './route.ts'

type Db = WriteTransaction['db']

/**
 * Does what a request asks for in one transaction. A refusal undoes it. With an `Idempotency-Key` the first answer is
 * kept, without its secret, and given again to who repeats the request.
 */
export type Write = (
  call: Pick<Call, 'caller' | 'once'>,
  work: (db: Db, book: Book) => Promise<Outcome>,
) => Promise<Outcome>

export interface WriteParts {
  readonly store: Store
  readonly clock: Clock
  readonly epoch: string
}

const keptMs = 24 * 60 * 60 * 1000

class Undone extends Error {
  override readonly name = 'Undone'
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super('a refusal undoes the transaction')
    this.refusal = refusal
  }
}

/** Creates the way in which handlers write. */
export function createWrite({ store, clock, epoch }: WriteParts): Write {
  return async ({ caller, once }, work) => {
    try {
      return await store.write(async (tx) => {
        const at = clock.wall()
        // Who was let in before the body came may have been revoked while it did.
        if (!(await findCaller(tx.db, caller.id))) throw new Undone(unauthenticated())
        const before = once && (await findAnswer(tx.db, caller.clientId, once, at))
        if (before) return before
        const outcome = await work(tx.db, openBook(tx, { epoch, actor: caller.id, at }))
        if (outcome.kind === 'refusal') throw new Undone(outcome)
        if (once) await keepAnswer(tx.db, caller.clientId, once, { at, outcome })
        return outcome
      })
    } catch (error) {
      if (error instanceof Undone) return error.refusal
      throw error
    }
  }
}

async function findAnswer(
  db: Db,
  clientId: string,
  once: Once,
  now: number,
): Promise<Outcome | undefined> {
  const row = await db
    .selectFrom('idempotencyKeys')
    .select(['requestHash', 'status', 'answer'])
    .where('clientId', '=', clientId)
    .where('path', '=', once.path)
    .where('key', '=', once.key)
    .where('expiresAt', '>', now)
    .executeTakeFirst()
  if (!row) return undefined
  if (row.requestHash !== hashOf(once)) return keyReused()
  const kept = parseJsonObject(Buffer.from(row.answer))
  const facts = kept?.['facts']
  const warning = kept?.['secret'] === true ? { 'warder-warning': 'secret-already-shown' } : {}
  return {
    kind: 'answer',
    status: row.status,
    headers: { 'idempotent-replayed': 'true', ...warning },
    facts: isMembers(facts) ? facts : undefined,
    shownOnce: undefined,
    wait: readWait(kept?.['wait']),
  }
}

/** What the first answer has waited for: whoever repeats the request relies on it as much. */
function readWait(kept: unknown): Wait | undefined {
  if (!isMembers(kept)) return undefined
  const { revision, environmentId, target } = kept
  if (typeof revision !== 'number' || typeof target !== 'string') return undefined
  const whose = typeof environmentId === 'string' ? environmentId : undefined
  return { revision, environmentId: whose, target }
}

function isMembers(value: unknown): value is NonNullable<Answer['facts']> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function keepAnswer(
  db: Db,
  clientId: string,
  once: Once,
  { at, outcome }: { readonly at: number; readonly outcome: Answer },
): Promise<void> {
  const { path, key } = once
  await db.deleteFrom('idempotencyKeys').where('expiresAt', '<=', at).execute()
  const { status, facts, shownOnce, wait } = outcome
  const kept = wait && { ...wait }
  const answer = canonicalJson({ facts, secret: shownOnce !== undefined, wait: kept })
  const request = { clientId, path, key, requestHash: hashOf(once) }
  await db
    .insertInto('idempotencyKeys')
    .values({ ...request, status, answer, expiresAt: at + keptMs })
    .execute()
}

function hashOf({ body }: Once): string {
  return hash('sha256', canonicalJson(body), 'base64url')
}

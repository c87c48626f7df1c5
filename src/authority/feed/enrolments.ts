// Who may follow. An enrolment never changes but once, when it is revoked: what was read of one is remembered, and once
// a second it is asked whether any was revoked, be it by another process.

import type { Schema } from '../../store/schema.ts'
import type { Store } from '../../store/store.ts'
import type { ClientSecrets } from '../client-secrets.ts'
import type { FleetVerifier } from './feed-fleet.ts'
import type { Scope } from './scope.ts'

/** A verifier that has shown its enrolment. */
interface Enrolled {
  readonly verifier: Omit<FleetVerifier, 'instance'>
  readonly scope: Scope
}

export interface Enrolments {
  /** Finds the enrolment that a request shows; one that is not there takes as long as one with another secret. */
  readonly find: (authorization: string | undefined) => Promise<Enrolled | undefined>
  /** An enrolment was revoked here. */
  readonly forget: (id: string) => void
  /** Whether an enrolment is known to be revoked: one that was found may have been since. */
  readonly isRevoked: (id: string) => boolean
  /** Gives those that were revoked since the last time. */
  readonly revoked: () => Promise<readonly string[]>
}

interface Known extends Enrolled {
  readonly row: Pick<Schema['verifiers'], 'secretHash' | 'pepper'>
}

/** Creates the memory of enrolments. */
export function createEnrolments(store: Store, secrets: ClientSecrets): Enrolments {
  const known = new Map<string, Known>()
  let told = new Set<string>()
  return {
    async find(authorization) {
      const [, id = '', secret = ''] =
        /^Bearer ([\da-f-]{36})\.([\w-]+)$/i.exec(authorization ?? '') ?? []
      const revocations = told
      const one = known.get(id) ?? (await readEnrolment(store, id))
      if (!secrets.matches(one?.row, secret) || !one) return undefined
      // What was read before something was revoked may be what was revoked.
      if (revocations === told) known.set(id, one)
      return one
    },
    forget(id) {
      known.delete(id)
      told = new Set([...told, id])
    },
    isRevoked: (id) => told.has(id),
    async revoked() {
      const count = await countRevoked(store)
      if (count === told.size) return []
      const now = await readRevoked(store)
      const fresh = [...now].filter((id) => !told.has(id))
      told = now
      for (const id of fresh) known.delete(id)
      return fresh
    },
  }
}

async function readEnrolment(store: Store, id: string): Promise<Known | undefined> {
  const [row, bounds] = await store.read((db) =>
    Promise.all([
      db
        .selectFrom('verifiers')
        .select(['id', 'name', 'organizationId', 'secretHash', 'pepper'])
        .where('id', '=', id)
        .where('revokedAt', 'is', null)
        .executeTakeFirst(),
      db
        .selectFrom('verifierEnvironments')
        .select('environmentId')
        .where('verifierId', '=', id)
        .orderBy('environmentId')
        .execute(),
    ]),
  )
  if (!row) return undefined
  const environmentIds = bounds.map(({ environmentId }) => environmentId)
  const { name, organizationId, secretHash, pepper } = row
  return {
    row: { secretHash, pepper },
    verifier: { id, name, environmentIds },
    scope: { organizationId, environmentIds },
  }
}

async function countRevoked(store: Store): Promise<number> {
  const { count } = await store.read((db) =>
    db
      .selectFrom('verifiers')
      .select((eb) => eb.fn.countAll().as('count'))
      .where('revokedAt', 'is not', null)
      .executeTakeFirstOrThrow(),
  )
  return Number(count)
}

async function readRevoked(store: Store): Promise<Set<string>> {
  const rows = await store.read((db) =>
    db.selectFrom('verifiers').select('id').where('revokedAt', 'is not', null).execute(),
  )
  return new Set(rows.map(({ id }) => id))
}

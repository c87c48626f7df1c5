import type { Static } from 'typebox'
import type { ApiCredentialRow } from './api-client-finder.ts'
import {
  answerChanged,
  apiCredentialsUrl,
  clientState,
  liveApiCredentials,
  showApiCredential,
} from './api-credential-rows.ts'
import { createApiSecret } from './api-secret.ts'
import { operations } from './operations.ts'
import { invalidData, notFound, type Outcome } from './outcome.ts'
import type { Parts } from './parts.ts'
import { bind, type Call, type Route } from './route.ts'
import type { apiCredentialRotation } from './schemas.ts'

/** API credentials: rotate. */
export function createApiCredentialRotationRoutes(parts: Parts): readonly Route[] {
  return [
    bind(operations.rotateApiCredential, (call) => rotateApiCredential(parts, call, call.body)),
  ]
}

async function rotateApiCredential(
  parts: Parts,
  call: Pick<Call, 'caller' | 'id' | 'once'>,
  { overlapSeconds = 0, revokeTokens = false }: Static<typeof apiCredentialRotation>,
): Promise<Outcome> {
  const refusal = refusalOfOverlap(parts, overlapSeconds)
  if (refusal) return refusal
  const { organizationId } = call.caller
  const clientSecret = createApiSecret()
  const kept = parts.secrets.hash(clientSecret)
  return parts.write(call, async (db, book) => {
    const before = await liveApiCredentials(db, organizationId)
      .where('id', '=', call.id('apiCredentialId'))
      .executeTakeFirst()
    if (!before) return notFound()
    const row: ApiCredentialRow = {
      ...before,
      ...kept,
      ...previousOf(before, book.at, overlapSeconds),
      generation: before.generation + (revokeTokens ? 1 : 0),
      rotatedAt: book.at,
      updatedAt: book.at,
    }
    await db.updateTable('apiCredentials').set(row).where('id', '=', row.id).execute()
    const whose = { organizationId, environmentId: null }
    const revision = revokeTokens ? book.change(clientState(row, false), whose) : undefined
    const details = { name: row.name, overlapSeconds, revokeTokens }
    const deed = { action: 'apiCredential.rotate', target: row.id, details }
    book.enter({ ...deed, revision: revision ?? null }, whose)
    const facts = showApiCredential(apiCredentialsUrl(parts.settings, organizationId), row, book.at)
    return { ...answerChanged(facts, revision, row.id), shownOnce: { ...facts, clientSecret } }
  })
}

/** The secret of before, for as long as it counts. One that was there besides ends: there are never three. */
function previousOf(before: ApiCredentialRow, now: number, overlapSeconds: number) {
  const none = { previousLastUsedAt: null, previousUseCount: 0 }
  if (overlapSeconds === 0) {
    return { ...none, previousSecretHash: null, previousPepper: null, previousExpiresAt: null }
  }
  return {
    ...none,
    previousSecretHash: before.secretHash,
    previousPepper: before.pepper,
    previousExpiresAt: now + overlapSeconds * 1000,
  }
}

function refusalOfOverlap({ settings }: Parts, overlapSeconds: number): Outcome | undefined {
  const secondsMax = Math.floor(settings.oauth.maxOverlapMs / 1000)
  if (overlapSeconds <= secondsMax) return undefined
  return invalidData({
    code: 'OUT_OF_RANGE',
    target: 'overlapSeconds',
    message: 'is out of range',
    innerError: { rangeMinimumValue: 0, rangeMaximumValue: secondsMax },
  })
}

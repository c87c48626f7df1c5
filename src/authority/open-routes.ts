import { describeApi } from './openapi.ts'
import { operations } from './operations.ts'
import { found } from './outcome.ts'
import type { Parts } from './parts.ts'
import { bindOpen, type Route } from './route.ts'

/** What everybody may read. */
export function createOpenRoutes({ keys }: Pick<Parts, 'keys'>): readonly Route[] {
  const description = describeApi()
  return [
    bindOpen(operations.describeApi, async () => found(description)),
    bindOpen(operations.describeApiV1, async () => found(description)),
    bindOpen(operations.readKeySet, async () => found(keys.jwks())),
  ]
}

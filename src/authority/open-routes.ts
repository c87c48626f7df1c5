import { describeApi } from './openapi.ts'
import { operations } from './operations.ts'
import { found, type Members } from './outcome.ts'
import type { Parts } from './parts.ts'
import { bindOpen, type Route } from './route.ts'
import type { AuthoritySettings } from './settings.ts'

/** What everybody may read. */
export function createOpenRoutes({
  keys,
  settings,
}: Pick<Parts, 'keys' | 'settings'>): readonly Route[] {
  const description = describeApi()
  return [
    bindOpen(operations.describeApi, async () => found(description)),
    bindOpen(operations.describeApiV1, async () => found(description)),
    bindOpen(operations.readKeySet, async () => found(keys.jwks())),
    bindOpen(operations.describeAuthorizationServer, async () => found(serverOf(settings))),
  ]
}

/** What tokens say of who issued them has to be what this says. */
function serverOf({ publicUrl, credentials }: AuthoritySettings): Members {
  return {
    issuer: credentials.issuer,
    token_endpoint: `${publicUrl}${operations.issueAccessToken.path}`,
    jwks_uri: `${publicUrl}${operations.readKeySet.path}`,
    grant_types_supported: ['client_credentials'],
    // There is nobody to send to an authorization endpoint.
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
  }
}

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

const authentication = ['client_secret_basic', 'client_secret_post']

/** What tokens say of who issued them has to be what this says. */
function serverOf({ publicUrl, credentials }: AuthoritySettings): Members {
  return {
    issuer: credentials.issuer,
    token_endpoint: `${publicUrl}${operations.issueAccessToken.path}`,
    introspection_endpoint: `${publicUrl}${operations.introspectToken.path}`,
    revocation_endpoint: `${publicUrl}${operations.revokeToken.path}`,
    jwks_uri: `${publicUrl}${operations.readKeySet.path}`,
    grant_types_supported: ['client_credentials'],
    // There is nobody to send to an authorization endpoint.
    response_types_supported: [],
    token_endpoint_auth_methods_supported: authentication,
    introspection_endpoint_auth_methods_supported: authentication,
    revocation_endpoint_auth_methods_supported: authentication,
  }
}

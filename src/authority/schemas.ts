// What the management API takes and gives. Requests are checked by these schemas, and the OpenAPI document is made of
// them. Members that are not named are ignored.

import { Type, type TObject } from 'typebox'
import { gatewaySettings } from './gateway-settings-schemas.ts'

const id = Type.String({ format: 'uuid', pattern: '^[0-9a-f-]{36}$' })
const time = Type.String({ format: 'date-time' })
const uri = Type.String({ format: 'uri' })
const link = Type.Object({ href: uri })
const self = Type.Object({ self: link })
const reference = Type.Object({ id })

const nameMax = 256
const descriptionMax = 1024
const visibleAscii = '^[\\x21-\\x7e]+$'
const noControls = '^[^\\p{C}]+$'

/** Only Unicode letters, marks, numbers and `/ . ' _ space -`. */
const gatewayName = Type.String({
  minLength: 1,
  maxLength: nameMax,
  pattern: "^[\\p{L}\\p{M}\\p{N}/.'_ -]+$",
})
const plainName = Type.String({ minLength: 1, maxLength: nameMax, pattern: noControls })
const description = Type.Optional(
  Type.Union([Type.String({ maxLength: descriptionMax, pattern: '^[^\\0]*$' }), Type.Null()]),
)
const gatewayType = Type.Enum([
  'API_GATEWAY_INTEGRATION',
  'AUTHORIZE',
  'LDAP',
  'PING_FEDERATE',
  'PING_INTELLIGENCE',
  'RADIUS',
])
const role = Type.Enum([
  'organization-admin',
  'environment-admin',
  'api-credentials-editor',
  'viewer',
])
const algorithm = Type.Enum(['RS256', 'ES256', 'EdDSA'])

/** The body of a request that says nothing. */
export const nothing = Type.Object({})

export const environmentInput = Type.Object({
  name: plainName,
  description,
  enabled: Type.Optional(Type.Boolean()),
})
const gatewayMembers = {
  name: gatewayName,
  description,
  type: gatewayType,
  enabled: Type.Optional(Type.Boolean()),
  ...gatewaySettings,
}
export const newGateway = Type.Object({
  ...gatewayMembers,
  createCredential: Type.Optional(Type.Boolean()),
})
export const gatewayInput = Type.Object(gatewayMembers)
export const newAdministrator = Type.Object({
  name: plainName,
  role,
  environmentId: Type.Optional(id),
})
export const newVerifier = Type.Object({
  name: plainName,
  environmentIds: Type.Optional(Type.Array(id, { minItems: 1, maxItems: 100 })),
})
export const newKey = Type.Object({ alg: Type.Optional(algorithm) })
export const tokenRequest = Type.Object({ grant_type: Type.Optional(Type.String()) })

// RFC 6749 section 3.3.
const scopes = Type.Array(Type.String({ pattern: '^[\\x21\\x23-\\x5b\\x5d-\\x7e]{1,64}$' }), {
  maxItems: 32,
})
/** Addresses and CIDR ranges. Tokens carry them, so there are few. */
const allowedAddresses = Type.Array(Type.String({ maxLength: 64 }), { maxItems: 20 })

export const newApiCredential = Type.Object({
  name: plainName,
  scopes: Type.Optional(scopes),
  allowedAddresses: Type.Optional(allowedAddresses),
})
export const apiCredentialChange = Type.Object({
  name: Type.Optional(plainName),
  scopes: Type.Optional(scopes),
  allowedAddresses: Type.Optional(allowedAddresses),
})
export const apiCredentialRotation = Type.Object({
  overlapSeconds: Type.Optional(Type.Integer({ minimum: 0 })),
  revokeTokens: Type.Optional(Type.Boolean()),
})

/** The query of a list that comes in pages. */
export const pageQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  cursor: Type.Optional(Type.String({ maxLength: 64 })),
})
export const environmentsQuery = Type.Object({
  ...pageQuery.properties,
  filter: Type.Optional(Type.String({ maxLength: 600 })),
})
export const auditQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  actor: Type.Optional(Type.String({ maxLength: 256, pattern: visibleAscii })),
  action: Type.Optional(Type.String({ maxLength: 64, pattern: visibleAscii })),
})

export const organization = Type.Object({
  _links: self,
  id,
  name: Type.String(),
  audience: Type.String(),
  createdAt: time,
})
export const environment = Type.Object({
  _links: self,
  id,
  organization: reference,
  name: Type.String(),
  description: Type.Optional(Type.String()),
  enabled: Type.Boolean(),
  createdAt: time,
  updatedAt: time,
})
export const credential = Type.Object({
  _links: self,
  id,
  createdAt: time,
  lastUsedAt: Type.Optional(time),
  uses: Type.Integer(),
  sources: Type.Array(
    Type.Object({ source: Type.String(), lastUsedAt: time, uses: Type.Integer() }),
  ),
})
export const newCredential = Type.Object({
  _links: self,
  id,
  createdAt: time,
  credential: Type.Optional(Type.String()),
  token: Type.Optional(Type.String()),
  httpAccessApiUrl: uri,
})
export const gateway = Type.Object({
  _links: self,
  id,
  environment: reference,
  name: Type.String(),
  description: Type.Optional(Type.String()),
  type: gatewayType,
  enabled: Type.Boolean(),
  createdAt: time,
  updatedAt: time,
  supportedVersions: Type.Array(Type.String()),
  currentAlerts: Type.Array(Type.String()),
  httpAccessApiUrl: uri,
  ...gatewaySettings,
  _embedded: Type.Optional(Type.Object({ credentials: Type.Array(newCredential) })),
})
export const administrator = Type.Object({
  _links: self,
  id,
  name: Type.String(),
  role,
  environmentId: Type.Optional(id),
  clientId: Type.String(),
  clientSecret: Type.Optional(Type.String()),
  createdAt: time,
  lastUsedAt: Type.Optional(time),
})
export const apiCredential = Type.Object({
  _links: self,
  id,
  name: Type.String(),
  clientId: Type.String(),
  clientSecret: Type.Optional(Type.String()),
  audience: Type.String(),
  primary: Type.Boolean(),
  scopes: Type.Array(Type.String()),
  allowedAddresses: Type.Array(Type.String()),
  createdAt: time,
  rotatedAt: Type.Optional(time),
  lastUsedAt: Type.Optional(time),
  previousSecretExpiresAt: Type.Optional(time),
  previousSecretLastUsedAt: Type.Optional(time),
  previousSecretUses: Type.Optional(Type.Integer()),
})
export const verifier = Type.Object({
  _links: Type.Optional(self),
  id: Type.String(),
  name: Type.String(),
  environmentIds: Type.Array(id),
  enrolment: Type.Optional(Type.String()),
  createdAt: Type.Optional(time),
  version: Type.Optional(Type.String()),
  revision: Type.Optional(Type.Integer()),
  freshness: Type.Optional(Type.String()),
  /** How many processes use the enrolment, where those are several. */
  instances: Type.Optional(Type.Integer()),
  lastSeenAt: Type.Optional(time),
})
const keyFacts = {
  _links: self,
  kid: Type.String(),
  alg: algorithm,
  state: Type.Enum(['next', 'active', 'retired']),
  createdAt: time,
  activatedAt: Type.Optional(time),
  retiredAt: Type.Optional(time),
}
export const key = Type.Object({
  ...keyFacts,
  liveCredentials: Type.Integer(),
  endedCredentials: Type.Optional(Type.Integer()),
})
export const feedKey = Type.Object(keyFacts)
export const auditEntry = Type.Object({
  sequence: Type.Integer(),
  at: time,
  organizationId: Type.Optional(id),
  environmentId: Type.Optional(id),
  actor: Type.String(),
  actorName: Type.Optional(Type.String()),
  action: Type.String(),
  target: Type.String(),
  outcome: Type.String(),
  revision: Type.Optional(Type.Integer()),
  details: Type.Object({}),
  previous: Type.String(),
  hash: Type.String(),
})
export const accessTokenRequest = Type.Object({
  grant_type: Type.Literal('client_credentials'),
  client_id: Type.Optional(Type.String()),
  client_secret: Type.Optional(Type.String()),
  audience: Type.String(),
  scope: Type.Optional(Type.String()),
})
export const clientAccessToken = Type.Object({
  access_token: Type.String(),
  scope: Type.String(),
  expires_in: Type.Integer(),
  token_type: Type.Literal('Bearer'),
})
export const accessTokenTest = Type.Array(
  Type.Object({ message: Type.Literal('token_ok'), seconds_to_expiry: Type.Integer() }),
)
export const tokenQuestion = Type.Object({
  token: Type.String(),
  token_type_hint: Type.Optional(Type.String()),
  client_id: Type.Optional(Type.String()),
  client_secret: Type.Optional(Type.String()),
})
export const introspection = Type.Object({
  active: Type.Boolean(),
  iss: Type.Optional(Type.String()),
  sub: Type.Optional(Type.String()),
  jti: Type.Optional(Type.String()),
  iat: Type.Optional(Type.Integer()),
  exp: Type.Optional(Type.Integer()),
  client_id: Type.Optional(Type.String()),
  scope: Type.Optional(Type.String()),
  token_type: Type.Optional(Type.String()),
  allowed_addresses: Type.Optional(Type.Array(Type.String())),
  gatewayId: Type.Optional(Type.String()),
  environmentId: Type.Optional(Type.String()),
})
export const authorizationServer = Type.Object({
  issuer: Type.String(),
  token_endpoint: uri,
  introspection_endpoint: uri,
  revocation_endpoint: uri,
  jwks_uri: uri,
  grant_types_supported: Type.Array(Type.String()),
  response_types_supported: Type.Array(Type.String()),
  token_endpoint_auth_methods_supported: Type.Array(Type.String()),
  introspection_endpoint_auth_methods_supported: Type.Array(Type.String()),
  revocation_endpoint_auth_methods_supported: Type.Array(Type.String()),
})
export const accessToken = Type.Object({
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer(),
})
export const keySet = Type.Object({ keys: Type.Array(Type.Object({ kty: Type.String() })) })
export const openApi = Type.Object({ openapi: Type.Literal('3.1.0') })

/** The body of every error. */
export const failure = Type.Object({
  id,
  code: Type.String(),
  message: Type.String(),
  details: Type.Optional(
    Type.Array(
      Type.Object({
        code: Type.String(),
        target: Type.String(),
        message: Type.String(),
        innerError: Type.Optional(Type.Object({})),
      }),
    ),
  ),
})

/** A page of a list, whose elements are embedded under a name. */
export function listOf(name: string, element: TObject) {
  return Type.Object({
    _links: Type.Object({ self: link, next: Type.Optional(link), prev: Type.Optional(link) }),
    _embedded: Type.Object({ [name]: Type.Array(element) }),
    count: Type.Optional(Type.Integer()),
    size: Type.Integer(),
  })
}

// The types of what gateways of some types have of their own. Beyond them it is kept as it came.

import { Type } from 'typebox'

const text = Type.Optional(Type.Union([Type.String(), Type.Null()]))
const flag = Type.Optional(Type.Union([Type.Boolean(), Type.Null()]))
const listed = { maxItems: 1000 }
const object = Type.Optional(Type.Union([Type.Object({}), Type.Null()]))

/** What gateways of type LDAP have of their own. */
export const ldapSettings = {
  bindDN: text,
  bindPassword: text,
  connectionSecurity: text,
  followReferrals: flag,
  kerberos: object,
  serversHostAndPort: Type.Optional(Type.Array(Type.String(), listed)),
  userTypes: Type.Optional(Type.Array(Type.Object({}), listed)),
  validateTlsCertificates: flag,
  vendor: text,
}
/** What gateways of type RADIUS have of their own. */
export const radiusSettings = {
  davinci: object,
  defaultSharedSecret: text,
  networkPolicyServer: object,
  radiusClients: Type.Optional(Type.Array(Type.Object({}), listed)),
}

/** What a gateway may have of its own, whatever its type. */
export const gatewaySettings = { ...ldapSettings, ...radiusSettings }

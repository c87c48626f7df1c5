import type { Ddl, Migration } from './ddl.ts'

/** The first schema. */
export const first: Migration = {
  version: 1,
  name: 'first',
  statements: (ddl) => [
    ...tenants(ddl),
    ...gateways(ddl),
    ...clients(ddl),
    ...keys(ddl),
    ...ledger(ddl),
  ],
}

const live = '"deletedAt" is null'
const unrevoked = '"revokedAt" is null'

function tenants({ table, unique, text, integer, optionalText, optionalInteger }: Ddl) {
  return [
    table('installation', {
      singleton: `${integer} primary key check ("singleton" = 1)`,
      id: text,
      epoch: text,
      pepper: optionalText,
      keyEncryptionKey: optionalText,
      createdAt: integer,
    }),
    table('organizations', {
      id: `${text} primary key`,
      name: text,
      audience: text,
      createdAt: integer,
    }),
    unique('organizations', ['name']),
    unique('organizations', ['audience']),
    table('environments', {
      id: `${text} primary key`,
      organizationId: `${text} references "organizations" ("id")`,
      name: text,
      description: optionalText,
      enabled: integer,
      createdAt: integer,
      updatedAt: integer,
      deletedAt: optionalInteger,
      deletedRevision: optionalInteger,
    }),
    unique('environments', ['organizationId', 'name'], live),
  ]
}

function gateways({ table, unique, index, text, integer, optionalText, optionalInteger }: Ddl) {
  return [
    table('gateways', {
      id: `${text} primary key`,
      environmentId: `${text} references "environments" ("id")`,
      name: text,
      description: optionalText,
      type: text,
      enabled: integer,
      createdAt: integer,
      updatedAt: integer,
      deletedAt: optionalInteger,
      deletedRevision: optionalInteger,
    }),
    unique('gateways', ['environmentId', 'name'], live),
    index('gateways', ['environmentId', 'id']),
    table('credentials', {
      id: `${text} primary key`,
      gatewayId: `${text} references "gateways" ("id")`,
      environmentId: `${text} references "environments" ("id")`,
      issuer: text,
      kid: text,
      issuedAt: integer,
      facts: text,
      revokedAt: optionalInteger,
      revokedRevision: optionalInteger,
      lastUsedAt: optionalInteger,
      useCount: integer,
    }),
    index('credentials', ['gatewayId', 'issuedAt']),
    index('credentials', ['environmentId', 'id']),
    index('credentials', ['kid']),
    index('credentials', ['revokedRevision']),
    table(
      'credentialSources',
      {
        credentialId: `${text} references "credentials" ("id")`,
        source: text,
        lastAt: integer,
        count: integer,
      },
      ['credentialId', 'source'],
    ),
    index('credentialSources', ['lastAt']),
  ]
}

function clients(ddl: Ddl) {
  return [...administrators(ddl), ...apiCredentials(ddl), ...verifiers(ddl)]
}

function administrators({
  table,
  unique,
  index,
  text,
  integer,
  optionalText,
  optionalInteger,
}: Ddl) {
  return [
    table('administrators', {
      id: `${text} primary key`,
      organizationId: `${text} references "organizations" ("id")`,
      environmentId: `${optionalText} references "environments" ("id")`,
      clientId: text,
      name: text,
      role: text,
      secretHash: text,
      pepper: text,
      createdAt: integer,
      lastUsedAt: optionalInteger,
      revokedAt: optionalInteger,
      revokedRevision: optionalInteger,
    }),
    unique('administrators', ['clientId']),
    index('administrators', ['organizationId', 'id']),
  ]
}

function apiCredentials({ table, unique, index, text, integer, ...optional }: Ddl) {
  return [
    table('apiCredentials', {
      id: `${text} primary key`,
      organizationId: `${text} references "organizations" ("id")`,
      clientId: text,
      name: text,
      isPrimary: integer,
      audience: text,
      scopes: text,
      allowedAddresses: text,
      generation: integer,
      secretHash: text,
      pepper: text,
      previousSecretHash: optional.optionalText,
      previousPepper: optional.optionalText,
      previousExpiresAt: optional.optionalInteger,
      previousLastUsedAt: optional.optionalInteger,
      previousUseCount: integer,
      createdAt: integer,
      updatedAt: integer,
      rotatedAt: optional.optionalInteger,
      lastUsedAt: optional.optionalInteger,
      deletedAt: optional.optionalInteger,
      deletedRevision: optional.optionalInteger,
    }),
    unique('apiCredentials', ['clientId']),
    unique('apiCredentials', ['organizationId', 'name'], live),
    unique('apiCredentials', ['organizationId'], `"isPrimary" = 1 and ${live}`),
    index('apiCredentials', ['organizationId', 'id']),
  ]
}

function verifiers({ table, unique, index, text, integer, optionalText, optionalInteger }: Ddl) {
  return [
    table('verifiers', {
      id: `${text} primary key`,
      organizationId: `${text} references "organizations" ("id")`,
      name: text,
      secretHash: text,
      pepper: text,
      createdAt: integer,
      revokedAt: optionalInteger,
      revokedRevision: optionalInteger,
      version: optionalText,
      revision: optionalInteger,
      freshness: optionalText,
      lastSeenAt: optionalInteger,
      leaseMs: optionalInteger,
      leaseEndsAt: optionalInteger,
    }),
    unique('verifiers', ['organizationId', 'name'], unrevoked),
    table(
      'verifierEnvironments',
      {
        verifierId: `${text} references "verifiers" ("id")`,
        environmentId: `${text} references "environments" ("id")`,
      },
      ['verifierId', 'environmentId'],
    ),
    index('verifierEnvironments', ['environmentId']),
  ]
}

function keys({ table, text, integer, optionalInteger, optionalBytes }: Ddl) {
  return ['signingKeys', 'feedKeys'].map((name) =>
    table(name, {
      kid: `${text} primary key`,
      alg: text,
      state: text,
      publicJwk: text,
      privateKey: optionalBytes,
      keyEncryptionKey: text,
      createdAt: integer,
      activatedAt: optionalInteger,
      retiredAt: optionalInteger,
      retiredRevision: optionalInteger,
    }),
  )
}

function ledger({ table, index, appendOnly, text, integer, optionalText, optionalInteger }: Ddl) {
  return [
    table('audit', {
      sequence: `${integer} primary key`,
      at: integer,
      organizationId: optionalText,
      environmentId: optionalText,
      actor: text,
      action: text,
      target: text,
      outcome: text,
      revision: optionalInteger,
      details: text,
      previous: text,
      hash: text,
    }),
    index('audit', ['organizationId', 'sequence']),
    index('audit', ['environmentId', 'sequence']),
    index('audit', ['actor', 'sequence']),
    index('audit', ['action', 'sequence']),
    ...appendOnly('audit'),
    table('changes', {
      revision: `${integer} primary key`,
      kind: text,
      organizationId: optionalText,
      environmentId: optionalText,
      at: integer,
      body: text,
      chain: text,
    }),
    table('counters', {
      singleton: `${integer} primary key check ("singleton" = 1)`,
      revision: integer,
      chain: text,
      auditSequence: integer,
      auditHash: text,
    }),
    "insert into \"counters\" values (1, 0, '', 0, '')",
    table(
      'idempotencyKeys',
      {
        clientId: text,
        path: text,
        key: text,
        requestHash: text,
        status: integer,
        answer: text,
        expiresAt: integer,
      },
      ['clientId', 'path', 'key'],
    ),
    index('idempotencyKeys', ['expiresAt']),
  ]
}

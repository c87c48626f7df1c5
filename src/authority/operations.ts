import { explainOperation } from './explain-operation.ts'
import {
  acts,
  changes,
  creates,
  deletes,
  reads,
  replaces,
  type Access,
  type Role,
} from './operation.ts'
import { openOperations } from './open-operations.ts'
import * as schemas from './schemas.ts'

// The one table of the API: what is answered under which path, and which role it needs.

const inOrganization = (role: Role): Access => ({ kind: 'organization', role, bounded: false })
const inOwnPart = (role: Role): Access => ({ kind: 'organization', role, bounded: true })
const inEnvironment = (role: Role): Access => ({ kind: 'environment', role })

const organization = '/v1/organizations/{organizationId}'
const environments = `${organization}/environments`
const administrators = `${organization}/administrators`
const verifiers = `${organization}/verifiers`
const keys = `${organization}/keys`
const apiCredentials = `${organization}/apiCredentials`
const apiCredential = `${apiCredentials}/{apiCredentialId}`
const feedKeys = `${organization}/feedKeys`
const environment = '/v1/environments/{environmentId}'
const gateways = `${environment}/gateways`
const gateway = `${gateways}/{gatewayId}`
const credentials = `${gateway}/credentials`

const tenants = {
  readOrganization: reads(organization, 'Read an organization', inOwnPart('viewer'), {
    answer: schemas.organization,
    query: schemas.nothing,
  }),
  listEnvironments: reads(
    environments,
    'List the environments of an organization',
    inOwnPart('viewer'),
    { answer: schemas.listOf('environments', schemas.environment), query: schemas.pageQuery },
  ),
  findEnvironments: reads(
    '/v1/environments',
    'List the environments that the caller may see; filter is: name eq "…"',
    { kind: 'administrator', role: 'viewer' },
    {
      answer: schemas.listOf('environments', schemas.environment),
      query: schemas.environmentsQuery,
    },
  ),
  createEnvironment: creates(
    environments,
    'Create an environment',
    inOrganization('organization-admin'),
    { body: schemas.environmentInput, answer: schemas.environment },
  ),
  readEnvironment: reads(environment, 'Read an environment', inEnvironment('viewer'), {
    answer: schemas.environment,
    query: schemas.nothing,
  }),
  readOrganizationEnvironment: reads(
    `${environments}/{environmentId}`,
    'Read an environment of an organization',
    inOwnPart('viewer'),
    { answer: schemas.environment, query: schemas.nothing },
  ),
  updateEnvironment: replaces(
    `${environments}/{environmentId}`,
    'Rename, describe, enable or disable an environment',
    inOrganization('organization-admin'),
    { body: schemas.environmentInput, answer: schemas.environment },
  ),
  deleteEnvironment: deletes(
    `${environments}/{environmentId}`,
    'Delete an environment with its gateways and their credentials',
    inOrganization('organization-admin'),
  ),
} as const

const gatewayOperations = {
  listGateways: reads(gateways, 'List gateways', inEnvironment('viewer'), {
    answer: schemas.listOf('gateways', schemas.gateway),
    query: schemas.pageQuery,
  }),
  createGateway: creates(
    gateways,
    'Create a gateway, and its first credential unless told otherwise',
    inEnvironment('environment-admin'),
    { body: schemas.newGateway, answer: schemas.gateway },
  ),
  readGateway: reads(gateway, 'Read a gateway', inEnvironment('viewer'), {
    answer: schemas.gateway,
    query: schemas.nothing,
  }),
  updateGateway: replaces(
    gateway,
    'Rename, describe, enable or disable a gateway',
    inEnvironment('environment-admin'),
    { body: schemas.gatewayInput, answer: schemas.gateway },
  ),
  deleteGateway: deletes(
    gateway,
    'Delete a gateway with its credentials',
    inEnvironment('environment-admin'),
  ),
  listCredentials: reads(
    credentials,
    'List the credentials of a gateway',
    inEnvironment('viewer'),
    { answer: schemas.listOf('credentials', schemas.credential), query: schemas.nothing },
  ),
  createCredential: creates(
    credentials,
    'Create a credential; the answer is the only one that holds it',
    inEnvironment('environment-admin'),
    { body: schemas.nothing, answer: schemas.newCredential },
  ),
  readCredential: reads(
    `${credentials}/{credentialId}`,
    'Read what is known of a credential',
    inEnvironment('viewer'),
    { answer: schemas.credential, query: schemas.nothing },
  ),
  deleteCredential: deletes(
    `${credentials}/{credentialId}`,
    'Revoke a credential',
    inEnvironment('environment-admin'),
  ),
  explain: explainOperation,
} as const

const installationOperations = {
  listAdministrators: reads(administrators, 'List administrators', inOrganization('viewer'), {
    answer: schemas.listOf('administrators', schemas.administrator),
    query: schemas.pageQuery,
  }),
  createAdministrator: creates(
    administrators,
    'Create an administrator; the answer is the only one that holds its secret',
    inOrganization('organization-admin'),
    { body: schemas.newAdministrator, answer: schemas.administrator },
  ),
  readAdministrator: reads(
    `${administrators}/{administratorId}`,
    'Read an administrator',
    inOrganization('viewer'),
    { answer: schemas.administrator, query: schemas.nothing },
  ),
  revokeAdministrator: deletes(
    `${administrators}/{administratorId}`,
    'Revoke an administrator',
    inOrganization('organization-admin'),
  ),
  listVerifiers: reads(
    verifiers,
    'List the fleet: enrolled verifiers and what each has applied',
    inOwnPart('viewer'),
    { answer: schemas.listOf('verifiers', schemas.verifier), query: schemas.pageQuery },
  ),
  enrolVerifier: creates(
    verifiers,
    'Enrol a verifier; the answer is the only one that holds its enrolment',
    inOrganization('organization-admin'),
    { body: schemas.newVerifier, answer: schemas.verifier },
  ),
  revokeVerifier: deletes(
    `${verifiers}/{verifierId}`,
    'Revoke an enrolment',
    inOrganization('organization-admin'),
  ),
  listKeys: reads(keys, 'List signing keys', inOrganization('viewer'), {
    answer: schemas.listOf('keys', schemas.key),
    query: schemas.nothing,
  }),
  rotateKey: creates(
    keys,
    'Bring in a new signing key: published first, signing once every verifier has it',
    inOrganization('organization-admin'),
    { body: schemas.newKey, answer: schemas.key },
  ),
  readKey: reads(`${keys}/{kid}`, 'Read a signing key', inOrganization('viewer'), {
    answer: schemas.key,
    query: schemas.nothing,
  }),
  retireKey: acts(
    `${keys}/{kid}/retire`,
    'Retire a signing key: every credential that it has signed ends',
    inOrganization('organization-admin'),
    { body: schemas.nothing, answer: schemas.key },
  ),
  listFeedKeys: reads(
    feedKeys,
    'List the keys that sign the feed to verifiers',
    inOrganization('viewer'),
    { answer: schemas.listOf('keys', schemas.feedKey), query: schemas.nothing },
  ),
  rotateFeedKey: creates(
    feedKeys,
    'Bring in a new key for the feed: announced by the one before, then signing',
    inOrganization('organization-admin'),
    { body: schemas.nothing, answer: schemas.feedKey },
  ),
  retireFeedKey: acts(
    `${feedKeys}/{kid}/retire`,
    'Retire a key of the feed that no longer signs: verifiers trust it no more',
    inOrganization('organization-admin'),
    { body: schemas.nothing, answer: schemas.feedKey },
  ),
  listAudit: reads(`${organization}/audit`, 'List audit entries in order', inOwnPart('viewer'), {
    answer: schemas.listOf('entries', schemas.auditEntry),
    query: schemas.auditQuery,
  }),
} as const

const apiCredentialOperations = {
  listApiCredentials: reads(apiCredentials, 'List API credentials', inOrganization('viewer'), {
    answer: schemas.listOf('apiCredentials', schemas.apiCredential),
    query: schemas.nothing,
  }),
  createApiCredential: creates(
    apiCredentials,
    'Create an API credential; the answer is the only one that holds its secret',
    inOrganization('api-credentials-editor'),
    { body: schemas.newApiCredential, answer: schemas.apiCredential },
  ),
  readApiCredential: reads(apiCredential, 'Read an API credential', inOrganization('viewer'), {
    answer: schemas.apiCredential,
    query: schemas.nothing,
  }),
  changeApiCredential: changes(
    apiCredential,
    'Rename an API credential, or change its scopes or addresses; taking one away ends its tokens',
    inOrganization('api-credentials-editor'),
    { body: schemas.apiCredentialChange, answer: schemas.apiCredential },
  ),
  rotateApiCredential: acts(
    `${apiCredential}/rotate`,
    'Give an API credential a new secret; the answer is the only one that holds it',
    inOrganization('api-credentials-editor'),
    { body: schemas.apiCredentialRotation, answer: schemas.apiCredential },
  ),
  makeApiCredentialPrimary: acts(
    `${apiCredential}/primary`,
    'Make an API credential the primary one, which cannot be deleted',
    inOrganization('api-credentials-editor'),
    { body: schemas.nothing, answer: schemas.apiCredential },
  ),
  deleteApiCredential: deletes(
    apiCredential,
    'Delete an API credential; its tokens end with it',
    inOrganization('api-credentials-editor'),
  ),
} as const

/** Every operation of the API, by its id. */
export const operations = {
  ...tenants,
  ...gatewayOperations,
  ...installationOperations,
  ...apiCredentialOperations,
  ...openOperations,
} as const

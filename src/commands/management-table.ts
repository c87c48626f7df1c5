// The commands that call a running authority, and those on its database.

import { apiCredentialCommands } from './api-credential-table.ts'
import { client, description, environment, everywhere, inEnvironment } from './client-command.ts'
import type { Command, Flag } from './command.ts'
import { credentialCommands } from './credential-table.ts'

const environments: readonly Command[] = [
  client({
    words: ['environment', 'add'],
    args: ['NAME'],
    summary: 'add an environment',
    flags: [description, ...everywhere],
    example: 'warder environment add production',
    run: async (order) => (await import('./environment.ts')).addEnvironment(order),
  }),
  client({
    words: ['environment', 'list'],
    args: [],
    summary: 'list environments',
    flags: everywhere,
    example: 'warder environment list',
    run: async (order) => (await import('./environment.ts')).listEnvironments(order),
  }),
]

const gateways: readonly Command[] = [
  client({
    words: ['gateway', 'add'],
    args: ['NAME'],
    summary: 'add a gateway and print its first credential',
    more: 'The credential is shown this once; alone on standard output, so that it can be piped.',
    flags: [
      { name: 'type', value: 'TYPE', doc: 'API_GATEWAY_INTEGRATION unless told otherwise' },
      description,
      { name: 'no-credential', doc: 'make no credential yet' },
      ...inEnvironment,
    ],
    example: 'warder gateway add edge > edge.token',
    run: async (order) => (await import('./gateway.ts')).addGateway(order),
  }),
  client({
    words: ['gateway', 'list'],
    args: [],
    summary: 'list gateways',
    flags: inEnvironment,
    example: 'warder gateway list --environment production',
    run: async (order) => (await import('./gateway.ts')).listGateways(order),
  }),
  client({
    words: ['gateway', 'show'],
    args: ['GATEWAY'],
    summary: 'show a gateway, named by its id or its name',
    flags: inEnvironment,
    example: 'warder gateway show edge --json',
    run: async (order) => (await import('./gateway.ts')).showGateway(order),
  }),
  client({
    words: ['gateway', 'update'],
    args: ['GATEWAY'],
    summary: 'rename or describe a gateway',
    flags: [{ name: 'name', value: 'NAME', doc: 'its new name' }, description, ...inEnvironment],
    example: 'warder gateway update edge --name edge-frankfurt',
    run: async (order) => (await import('./gateway.ts')).updateGateway(order),
  }),
  client({
    words: ['gateway', 'disable'],
    args: ['GATEWAY'],
    summary: 'refuse all credentials of a gateway until it is enabled',
    flags: inEnvironment,
    example: 'warder gateway disable edge',
    run: async (order) => (await import('./gateway.ts')).disableGateway(order),
  }),
  client({
    words: ['gateway', 'enable'],
    args: ['GATEWAY'],
    summary: 'accept the credentials of a disabled gateway again',
    flags: inEnvironment,
    example: 'warder gateway enable edge',
    run: async (order) => (await import('./gateway.ts')).enableGateway(order),
  }),
  client({
    words: ['gateway', 'delete'],
    args: ['GATEWAY'],
    summary: 'delete a gateway; its credentials are refused',
    flags: inEnvironment,
    example: 'warder gateway delete edge',
    run: async (order) => (await import('./gateway.ts')).deleteGateway(order),
  }),
]

const feedFlag: Flag = { name: 'feed', doc: 'the keys that sign the feed to verifiers instead' }

const installation: readonly Command[] = [
  client({
    words: ['key', 'list'],
    args: [],
    summary: 'list signing keys, and the live credentials of each',
    flags: [feedFlag, ...everywhere],
    example: 'warder key list',
    run: async (order) => (await import('./key.ts')).listKeys(order),
  }),
  client({
    words: ['key', 'rotate'],
    args: [],
    summary: 'bring in a new signing key',
    more: 'It is published first and signs once every verifier knows it; what older keys have signed goes on counting.',
    flags: [
      {
        name: 'algorithm',
        value: 'ALG',
        doc: 'RS256, ES256 or EdDSA (else credentials.algorithm)',
      },
      feedFlag,
      ...everywhere,
    ],
    example: 'warder key rotate',
    run: async (order) => (await import('./key.ts')).rotateKey(order),
  }),
  client({
    words: ['key', 'retire'],
    args: ['KID'],
    summary: 'retire a signing key: every credential of it ends',
    more: 'It says how many those are and asks whether to go on; where nobody can be asked, --yes has to be there.',
    flags: [{ name: 'yes', doc: 'do not ask' }, feedFlag, ...everywhere],
    example: 'warder key retire 0Zf3kqVbXM2ur1d9c6pA4tLwHy7sNeJ8oQgKzTiRmUE',
    run: async (order) => (await import('./key.ts')).retireKey(order),
  }),
  client({
    words: ['admin', 'add'],
    args: ['NAME'],
    summary: 'add an administrator and print the secret',
    more: 'The secret is shown this once, alone on standard output; the client id beside it.',
    flags: [
      {
        name: 'role',
        value: 'ROLE',
        doc: 'organization-admin, environment-admin, api-credentials-editor or viewer',
      },
      { ...environment, doc: 'the only environment that it is for, where the role allows that' },
      ...everywhere,
    ],
    example: 'warder admin add ci --role environment-admin --environment production --json',
    run: async (order) => (await import('./admin.ts')).addAdmin(order),
  }),
  client({
    words: ['admin', 'list'],
    args: [],
    summary: 'list administrators',
    flags: everywhere,
    example: 'warder admin list',
    run: async (order) => (await import('./admin.ts')).listAdmins(order),
  }),
  client({
    words: ['admin', 'revoke'],
    args: ['ID'],
    summary: 'revoke an administrator',
    flags: everywhere,
    example: 'warder admin revoke 4b7d2f7e-2f8e-4a51-9a8b-6c1de9f1a2b3',
    run: async (order) => (await import('./admin.ts')).revokeAdmin(order),
  }),
  client({
    words: ['verifier', 'enrol'],
    args: ['NAME'],
    summary: 'enrol a verifier and print its enrolment',
    more: 'The enrolment is shown this once, alone on standard output.',
    flags: [
      {
        ...environment,
        many: true,
        doc: 'an environment that it verifies for (else the first one)',
      },
      ...everywhere,
    ],
    example: 'warder verifier enrol edge-1 > enrolment',
    run: async (order) => (await import('./enrolment.ts')).enrolVerifier(order),
  }),
  client({
    words: ['verifier', 'list'],
    args: [],
    summary: 'list enrolled verifiers',
    flags: everywhere,
    example: 'warder verifier list',
    run: async (order) => (await import('./enrolment.ts')).listVerifiers(order),
  }),
  client({
    words: ['verifier', 'revoke'],
    args: ['ID'],
    summary: 'revoke the enrolment of a verifier',
    flags: everywhere,
    example: 'warder verifier revoke 4b7d2f7e-2f8e-4a51-9a8b-6c1de9f1a2b3',
    run: async (order) => (await import('./enrolment.ts')).revokeVerifier(order),
  }),
  client({
    words: ['fleet'],
    args: [],
    summary: 'list the verifiers that follow, and how far each has come',
    flags: everywhere,
    example: 'warder fleet --json',
    run: async (order) => (await import('./enrolment.ts')).listFleet(order),
  }),
  client({
    words: ['audit', 'list'],
    args: [],
    summary: 'list what administrators have done, the oldest first',
    flags: [
      { name: 'after', value: 'SEQUENCE', doc: 'only entries after this one' },
      { name: 'limit', value: 'COUNT', doc: 'no more than so many' },
      { name: 'actor', value: 'ID', doc: 'only of this administrator' },
      { name: 'action', value: 'ACTION', doc: 'only of this kind, like credential.revoke' },
      ...everywhere,
    ],
    example: 'warder audit list --action credential.revoke',
    run: async (order) => (await import('./audit.ts')).listAudit(order),
  }),
  client({
    words: ['audit', 'verify'],
    args: [],
    summary: 'prove that no entry of the audit was changed or taken out',
    more: 'It reads the database itself; the authority may go on running.',
    flags: everywhere,
    example: 'warder audit verify --data /var/lib/warder',
    run: async (order) => (await import('./audit.ts')).verifyAudit(order),
  }),
]

/** The commands of management. */
export const managementCommands: readonly Command[] = [
  ...environments,
  ...gateways,
  ...credentialCommands,
  ...apiCredentialCommands,
  ...installation,
]

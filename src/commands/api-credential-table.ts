import { client, everywhere } from './client-command.ts'
import type { Command } from './command.ts'

/** The commands for API credentials. */
export const apiCredentialCommands: readonly Command[] = [
  client({
    words: ['api-credential', 'add'],
    args: ['NAME'],
    summary: 'add an API credential and print its secret',
    more: 'The secret is shown this once, alone on standard output; client id and audience beside it.',
    flags: [
      { name: 'scope', value: 'SCOPE', many: true, doc: 'a scope that its tokens may have' },
      {
        name: 'address',
        value: 'CIDR',
        many: true,
        doc: 'an address, or a range of them, that it may be used from (else any)',
      },
      ...everywhere,
    ],
    example: 'warder api-credential add billing --scope read:payments > billing.secret',
    run: async (order) => (await import('./api-credential.ts')).addApiCredential(order),
  }),
  client({
    words: ['api-credential', 'list'],
    args: [],
    summary: 'list API credentials, and when each was last used',
    flags: everywhere,
    example: 'warder api-credential list',
    run: async (order) => (await import('./api-credential.ts')).listApiCredentials(order),
  }),
  client({
    words: ['api-credential', 'rename'],
    args: ['CREDENTIAL', 'NAME'],
    summary: 'rename an API credential',
    more: 'CREDENTIAL is its id, its client id or its name, here and with the others.',
    flags: everywhere,
    example: 'warder api-credential rename billing billing-nightly',
    run: async (order) => (await import('./api-credential.ts')).renameApiCredential(order),
  }),
  client({
    words: ['api-credential', 'rotate'],
    args: ['CREDENTIAL'],
    summary: 'give an API credential a new secret and print it',
    more: 'The secret of before is refused at once unless told otherwise; tokens that are out live on unless told otherwise.',
    flags: [
      {
        name: 'overlap',
        value: 'SECONDS',
        doc: 'how long the secret of before is accepted too (at most oauth.maxOverlap)',
      },
      {
        name: 'revoke-tokens',
        doc: 'end the access tokens that are out: the secret may have leaked',
      },
      ...everywhere,
    ],
    example: 'warder api-credential rotate billing --overlap 3600 > billing.secret',
    run: async (order) => (await import('./api-credential.ts')).rotateApiCredential(order),
  }),
  client({
    words: ['api-credential', 'primary'],
    args: ['CREDENTIAL'],
    summary: 'make an API credential the primary one',
    more: 'The primary one cannot be deleted.',
    flags: everywhere,
    example: 'warder api-credential primary billing',
    run: async (order) => (await import('./api-credential.ts')).makeApiCredentialPrimary(order),
  }),
  client({
    words: ['api-credential', 'delete'],
    args: ['CREDENTIAL'],
    summary: 'delete an API credential; its tokens are refused',
    more: 'It ends when the verifiers have applied it, and says how many have.',
    flags: everywhere,
    example: 'warder api-credential delete billing',
    run: async (order) => (await import('./api-credential.ts')).deleteApiCredential(order),
  }),
]

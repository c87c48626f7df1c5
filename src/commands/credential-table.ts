import { client, inEnvironment } from './client-command.ts'
import type { Command } from './command.ts'

/** The commands about credentials. */
export const credentialCommands: readonly Command[] = [
  client({
    words: ['credential', 'add'],
    args: ['GATEWAY'],
    summary: 'add a credential to a gateway and print it',
    more: 'Those of before go on counting. The new one is shown this once, alone on standard output.',
    flags: inEnvironment,
    example: 'warder credential add edge > edge-next.token',
    run: async (order) => (await import('./credential.ts')).addCredential(order),
  }),
  client({
    words: ['credential', 'list'],
    args: ['GATEWAY'],
    summary: 'list the live credentials of a gateway, and their last use',
    flags: inEnvironment,
    example: 'warder credential list edge',
    run: async (order) => (await import('./credential.ts')).listCredentials(order),
  }),
  client({
    words: ['credential', 'revoke'],
    args: ['[ID]'],
    summary: 'revoke a credential',
    more: 'It ends when the verifiers have applied it, and says how many have.',
    flags: [
      { name: 'file', value: 'FILE', doc: 'the file that holds it, - for standard input' },
      { name: 'gateway', value: 'GATEWAY', doc: 'whose it is, where there are many gateways' },
      ...inEnvironment,
    ],
    example: 'warder credential revoke --file edge.token',
    run: async (order) => (await import('./credential.ts')).revokeCredential(order),
  }),
  client({
    words: ['credential', 'rotate'],
    args: ['GATEWAY'],
    summary: 'add a credential, and revoke the old ones when unused',
    more:
      'The new credential is printed at once, alone on standard output; standard error tells which sources still use ' +
      'an old one. Where the old are never quiet, or the new one is never used, it stops with 1 and revokes nothing.',
    flags: [
      { name: 'quiet', value: 'DURATION', doc: 'for how long no old one may be used (else 15m)' },
      { name: 'within', value: 'DURATION', doc: 'when to give up (else 1d)' },
      ...inEnvironment,
    ],
    example: 'warder credential rotate edge --quiet 15m > edge-next.token',
    run: async (order) => (await import('./rotate.ts')).rotateCredential(order),
  }),
  client({
    words: ['explain'],
    args: ['[-]'],
    summary: 'explain a token, or why a question was refused',
    more:
      'Every step with its result. The token is read from standard input or a file, and goes to the authority or, with ' +
      '--verifier, to that verifier alone; no part of it is printed. The authority knows who revoked it and when.',
    flags: [
      { name: 'file', value: 'FILE', doc: 'the file that holds the token' },
      {
        name: 'decision',
        value: 'ID',
        doc: 'the X-Warder-Decision-Id of a refusal of late, in the place of a token',
      },
      {
        name: 'verifier',
        value: 'URL',
        doc: 'ask the verifier of this machine at its listener for operations',
      },
      ...inEnvironment,
    ],
    example: 'warder explain --file edge.token',
    run: async (order) => (await import('./explain.ts')).explain(order),
  }),
]

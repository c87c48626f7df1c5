// Every command. Help, the reference page and the reading of words follow from this table.

import type { Command, Flag } from './command.ts'
import { managementCommands } from './management-table.ts'

const json: Flag = { name: 'json', doc: 'print JSON' }
const as: Flag = {
  name: 'as',
  value: 'ROLE',
  doc: 'serve, authority or verifier: judge for that process, as its command would',
}

const processes: readonly Command[] = [
  {
    words: ['serve'],
    args: [],
    summary: 'authority and verifier in one process, on SQLite',
    more: 'The first start makes an organization, an environment and an administrator, whose secret it writes to admin.json in the data folder.',
    flags: [],
    configuration: true,
    example: 'warder serve --data /var/lib/warder',
    run: async (order) => (await import('./serve.ts')).run(order),
  },
  {
    words: ['authority'],
    args: [],
    summary: 'the authority alone: management, keys, audit',
    more: 'Operations are at 127.0.0.1:7091 unless told otherwise.',
    flags: [],
    configuration: true,
    example: 'warder authority --config /etc/warder/warder.yaml',
    run: async (order) => (await import('./authority.ts')).run(order),
  },
  {
    words: ['authority', 'migrate'],
    args: [],
    summary: 'bring the database forward to the schema of this program',
    more: 'SQLite is brought forward at every start; Postgres only by this.',
    flags: [],
    configuration: true,
    example: 'warder authority migrate --config /etc/warder/warder.yaml',
    run: async (order) => (await import('./authority.ts')).migrate(order),
  },
  {
    words: ['authority', 'move'],
    args: [],
    summary: 'move a SQLite database to Postgres',
    more: 'No authority may be running on either. The SQLite database stays as it is.',
    flags: [{ name: 'from', value: 'FILE', doc: 'the SQLite database, usually data/warder.db' }],
    configuration: true,
    example: 'warder authority move --from data/warder.db --config /etc/warder/warder.yaml',
    run: async (order) => (await import('./authority.ts')).move(order),
  },
  {
    words: ['verifier'],
    args: [],
    summary: 'a verifier alone: answers gateways',
    more: 'It follows the authority that enrolled it, or, without one, judges by the issuers under "trust".',
    flags: [],
    configuration: true,
    example: 'warder verifier --config /etc/warder/warder.yaml',
    run: async (order) => (await import('./verifier.ts')).run(order),
  },
]

const data: Flag = {
  name: 'data',
  value: 'FOLDER',
  doc: 'the data folder (else WARDER_DATA, else ./data)',
}
const config: Flag = {
  name: 'config',
  value: 'FILE',
  doc: 'the configuration (else WARDER_CONFIG, else warder.yaml, if it is there)',
}

const backups: readonly Command[] = [
  {
    words: ['backup'],
    args: ['FOLDER'],
    summary: 'copy database and keys into a new folder, while running',
    more: 'It is run where the authority runs. Of a database on Postgres, Postgres makes the backup.',
    flags: [data, config, json],
    configuration: false,
    example: 'warder backup /backup/warder-monday --data /var/lib/warder',
    run: async (order) => (await import('./backup.ts')).makeBackup(order),
  },
  {
    words: ['restore'],
    args: ['[FOLDER]'],
    summary: 'put a backup where there is nothing yet',
    more:
      'What was issued after the backup was taken is refused from then on. What was revoked after it counts again, and ' +
      'has to be revoked anew. With --taken-at in the place of FOLDER, the same is done to a database that was put back ' +
      'by other means; no authority may be running then.',
    flags: [
      {
        name: 'taken-at',
        value: 'TIME',
        doc: 'the time that the database was put back to: 2026-11-21T04:00:00Z',
      },
      data,
      config,
      json,
    ],
    configuration: false,
    example: 'warder restore /backup/warder-monday --data /var/lib/warder',
    run: async (order) => (await import('./backup.ts')).restoreBackup(order),
  },
]

const others: readonly Command[] = [
  {
    words: ['config', 'check'],
    args: [],
    summary: 'say "ok", or name every mistake in the configuration',
    more: 'Each mistake is named with where it is and what to do.',
    flags: [as],
    configuration: true,
    example: 'warder config check --as verifier --config /etc/warder/warder.yaml',
    run: async (order) => (await import('./config.ts')).check(order),
  },
  {
    words: ['config', 'show'],
    args: [],
    summary: 'print every setting, and where its value comes from',
    more: '',
    flags: [as, json],
    configuration: true,
    example: 'warder config show --json',
    run: async (order) => (await import('./config.ts')).showConfig(order),
  },
  {
    words: ['completion'],
    args: ['SHELL'],
    summary: 'print a script that completes words in bash, zsh or fish',
    more: 'In ~/.bashrc: eval "$(warder completion bash)". In ~/.zshrc, after compinit: source <(warder completion zsh). In ~/.config/fish/config.fish: warder completion fish | source.',
    flags: [],
    configuration: false,
    example: 'warder completion bash',
    run: async (order) => (await import('./completion.ts')).completion(commands, order),
  },
  {
    words: ['version'],
    args: [],
    summary: 'print the version',
    more: '',
    flags: [json],
    configuration: false,
    example: 'warder version',
    run: async (order) => (await import('./about.ts')).version(order),
  },
  {
    words: ['help'],
    args: ['[COMMAND]', '[VERB]'],
    summary: 'print this, or the help of a command',
    more: '',
    flags: [],
    configuration: false,
    example: 'warder help gateway add',
    run: async (order) => (await import('./about.ts')).help(commands, order),
  },
]

/** Every command, in the order in which they are shown. */
export const commands: readonly Command[] = [
  ...processes,
  ...managementCommands,
  ...backups,
  ...others,
]

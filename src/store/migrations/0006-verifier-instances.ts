import type { Ddl, Migration } from './ddl.ts'

const moved = ['version', 'revision', 'freshness', 'lastSeenAt', 'leaseMs', 'leaseEndsAt']

/** One enrolment may be in use by several processes, each of which judges by what it knows itself. */
export const verifierInstances: Migration = {
  version: 6,
  name: 'verifier-instances',
  statements: ({ table, index, text, integer, optionalText, optionalInteger }: Ddl) => [
    table(
      'verifierInstances',
      {
        verifierId: `${text} references "verifiers" ("id")`,
        instance: text,
        version: optionalText,
        revision: optionalInteger,
        freshness: optionalText,
        lastSeenAt: optionalInteger,
        leaseMs: integer,
        leaseEndsAt: integer,
      },
      ['verifierId', 'instance'],
    ),
    `insert into "verifierInstances" ` +
      `select "id", '', ${moved.map((name) => `"${name}"`).join(', ')} from "verifiers" ` +
      `where "leaseMs" is not null and "leaseEndsAt" is not null`,
    ...moved.map((name) => `alter table "verifiers" drop column "${name}"`),
    // A verifier names the last entry that it knows of by its hash.
    index('audit', ['hash']),
    `alter table "installation" add column "strangersUntil" ${optionalInteger}`,
  ],
}

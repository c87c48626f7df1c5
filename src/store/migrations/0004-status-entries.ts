import type { Ddl, Migration } from './ddl.ts'

/** Which place a credential has in the status lists; none is ever given out twice. */
export const statusEntries: Migration = {
  version: 4,
  name: 'status-entries',
  statements: ({ table, text, integer }: Ddl) => [
    table('statusEntries', { place: `${integer} primary key`, credentialId: text }),
  ],
}

import type { Ddl, Migration } from './ddl.ts'

/** The names and audiences under which credentials were issued: they count for as long as their keys do. */
export const issuers: Migration = {
  version: 2,
  name: 'issuers',
  statements: ({ table, text, integer }: Ddl) => [
    table('issuers', { name: text, audience: text, createdAt: integer }, ['name', 'audience']),
  ],
}

import type { Ddl, Migration } from './ddl.ts'

/** Access tokens that were revoked one by one, until they would have expired. */
export const revokedTokens: Migration = {
  version: 5,
  name: 'revoked-tokens',
  statements: ({ table, index, text, integer }: Ddl) => [
    table(
      'revokedTokens',
      {
        issuer: text,
        jti: text,
        kid: text,
        organizationId: `${text} references "organizations" ("id")`,
        expiresAt: integer,
        revision: integer,
      },
      ['issuer', 'jti'],
    ),
    index('revokedTokens', ['expiresAt']),
  ],
}

import { operations } from '../src/authority/operations.ts'
import type { Access } from '../src/authority/operation.ts'

const intro = `# Management API

Made from the table of operations by \`npm run docs\`. [openapi.json](openapi.json) has every schema; a running authority serves the same document at
\`/api\`.

- An administrator's token comes from \`POST /{environmentId}/as/token\`: \`grant_type=client_credentials\`, client id and secret by HTTP Basic. It lives for
  15 minutes and goes into \`Authorization: Bearer\`.
- A role includes those below it: \`organization-admin\`; \`environment-admin\` and \`api-credentials-editor\`; \`viewer\`. What is another tenant's is 404.
- Errors have one shape on every status: \`{ "id", "code", "message", "details": [{ "code", "target", "message" }] }\`. The log has the \`id\`.
- \`POST\` takes an \`Idempotency-Key\`: for a day a repeat gets the first answer, without its secret.
- What restricts is answered once every verifier has applied it, or \`revocation.wait\` has passed: \`Warder-Applied: 11/12\` says how many have,
  \`Warder-Fenced-At\` when the others must have expired.

| | | role |
| --- | --- | --- |
`

function roleOf(access: Access): string {
  return access.kind === 'public' ? 'none' : `\`${access.role}\``
}

/** The reference page of the management API. */
export function apiPage(): string {
  const rows = Object.values(operations).map(
    ({ method, path, summary, access }) =>
      `| \`${method} ${path}\` | ${summary} | ${roleOf(access)} |\n`,
  )
  return [intro, ...rows].join('')
}

import { join } from 'node:path'
import { urlOf, type Address } from '../config/address.ts'
import type { Config } from '../config/schema.ts'

/** What a person reads who has started it: what runs where, where the secret lies, what to try. */
export function welcome(
  config: Config,
  { version, first }: { readonly version: string; readonly first: boolean },
): string {
  const { data, listen } = config
  const decisions = shownUrl(listen.http, 7070)
  const folder = data === './data' ? '' : ` --data ${inShell(data)}`
  return `
warder ${version}. ${first ? 'An organization, an environment and an administrator were made.' : 'Everything was found again.'}

  decisions    ${decisions}  gateways ask here
  management   ${shownUrl(listen.authority, 7080)}  operators and their programs
  operations   ${shownUrl(listen.ops, 7090)}  /livez /readyz /status /metrics
  secret       ${join(data, 'admin.json')}  the administrator's, for this user alone

${first ? firstSteps(decisions, folder) : `"npx warder help" lists what can be done, "npx warder gateway list${folder}" the gateways.\n`}`
}

function firstSteps(decisions: string, folder: string): string {
  return `Try in another terminal:

  npx warder gateway add edge${folder} > edge.token
  ${askCommand(decisions)}
  npx warder credential revoke --file edge.token${folder}

The second answers 200, and 401 once the third was done.
`
}

/** A word as a shell takes it for one. */
function inShell(word: string): string {
  return /^[\w./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** A question that nginx would ask, by hand. */
function askCommand(decisions: string): string {
  const headers = ['"CLIENT-TOKEN: $(cat edge.token)"', "'X-Original-Method: GET'"]
  const original = [
    "'X-Original-URI: /'",
    "'X-Original-Host: example.com'",
    "'X-Original-Scheme: https'",
  ]
  const given = [...headers, ...original].map((header) => `-H ${header}`).join(' ')
  return `curl -i ${given} ${decisions}/auth/nginx`
}

function shownUrl(
  { address, tls }: { readonly address: Address; readonly tls: Config['listen']['ops']['tls'] },
  usualPort: number,
): string {
  if (address.kind === 'off') return 'off'
  return address.kind === 'unix' ? address.path : urlOf(address, tls.cert !== undefined, usualPort)
}

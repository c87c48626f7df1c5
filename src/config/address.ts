import { isIP } from 'node:net'

/** Where a listener listens. */
export type Address =
  | { readonly kind: 'off' }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

const hostName = /^(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$/

function parseTcp(text: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  const host = bracketed ?? plain ?? ''
  const known = bracketed === undefined ? isHost(host) : isIP(host) === 6
  return known && port <= 65_535 ? { kind: 'tcp', host, port } : undefined
}

function isHost(host: string): boolean {
  return isIP(host) === 4 || (hostName.test(host) && !/^[\d.]+$/.test(host))
}

/** Reads `host:port`, `[ipv6]:port`, `unix:/path` or `off`; anything else is undefined. */
export function parseAddress(text: string): Address | undefined {
  if (text === 'off') return { kind: 'off' }
  if (!text.startsWith('unix:')) return parseTcp(text)
  const path = text.slice('unix:'.length)
  return path.startsWith('/') ? { kind: 'unix', path } : undefined
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** Writes an address the way that it is read. */
export function printAddress(address: Address): string {
  if (address.kind === 'off') return 'off'
  if (address.kind === 'unix') return `unix:${address.path}`
  return `${hostInUrl(address.host)}:${address.port}`
}

/** Whether a host is this machine and nothing else. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '')
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'))
}

/** Whether a host stands for every address of this machine. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}

/** The URL under which this machine reaches a listener; of one that is off or no TCP, the one of its usual port. */
export function urlOf(address: Address, tls: boolean, usualPort: number): string {
  const scheme = tls ? 'https' : 'http'
  if (address.kind !== 'tcp') return `${scheme}://127.0.0.1:${usualPort}`
  const host = isWildcard(address.host) ? '127.0.0.1' : hostInUrl(address.host)
  return `${scheme}://${host}:${address.port}`
}

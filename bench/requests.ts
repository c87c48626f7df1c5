import { sidebandBody } from './questions.ts'
import type { BenchRequest } from './target.ts'

/** The identity headers that an allowed request is answered with, of the length that they really have. */
export const identityHeaders: Readonly<Record<string, string>> = {
  'X-Warder-Gateway-Id': '8f14e45f-ceea-467f-a0f6-7c0b8a1d3e5b',
  'X-Warder-Gateway-Name': 'orders-gateway-417',
  'X-Warder-Environment-Id': '45c48cce-2e2d-4fbd-9a3f-0b8e7f1c6d29',
  'X-Warder-Credential-Id': 'd3d94468-02a4-4259-b55d-38e6d163e820',
  'X-Warder-Subject': '',
  'X-Warder-Scope': '',
  'X-Warder-Decision-Id': '6512bd43-d9ca-46e0-8c99-0b0a82652dca',
  'X-Warder-Revision': '1',
  'Cache-Control': 'no-store',
}

/** What nginx asks a verifier in its `auth_request` hook. */
export function hookRequest(token: string): BenchRequest {
  return {
    path: '/auth/nginx',
    headers: {
      'CLIENT-TOKEN': token,
      'X-Original-Method': 'GET',
      'X-Original-URI': '/orders/1842?expand=lines',
      'X-Original-Host': 'api.example.com',
      'X-Original-Scheme': 'https',
      'X-Real-IP': '203.0.113.7',
    },
  }
}

/** The method of Envoy's `ext_authz`. */
export const checkPath = '/envoy.service.auth.v3.Authorization/Check'

/** What Envoy asks a verifier over gRPC: the headers of a browser's request, 1.4 KB in all. */
export function checkCall(token: string): BenchRequest {
  return { path: checkPath, headers: { 'client-token': token }, message: checkMessage }
}

/** A field of a message in the wire format of Protocol Buffers, for contents that are bytes. */
function field(number: number, ...contents: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map((each) => Buffer.from(each)))
  const { length } = content
  const size = length < 128 ? [length] : [(length & 127) | 128, length >>> 7]
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...size]), content])
}

const browserHeaders: Readonly<Record<string, string>> = {
  ':authority': 'api.example.com',
  ':method': 'GET',
  ':path': '/orders/1842?expand=lines',
  ':scheme': 'https',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'accept-encoding': 'gzip, deflate, br, zstd',
  'accept-language': 'en-GB,en;q=0.9,de;q=0.7',
  cookie: `session=${'3f9c81d2e6'.repeat(16)}; theme=dark; consent=1`,
  referer: 'https://www.example.com/account/orders?page=2',
  'sec-ch-ua': '"Chromium";v="141", "Not?A_Brand";v="8"',
  'sec-ch-ua-platform': '"Linux"',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'same-site',
  'upgrade-insecure-requests': '1',
  'user-agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
  'x-envoy-external-address': '203.0.113.7',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-request-id': '6512bd43-d9ca-46e0-8c99-0b0a82652dca',
}

const socketAddress = field(1, field(1, field(2, '203.0.113.7')))
const http = field(
  2,
  field(1, '7214936518046271'),
  field(2, 'GET'),
  ...Object.entries(browserHeaders).map(([name, value]) =>
    field(3, field(1, name), field(2, value)),
  ),
  field(4, '/orders/1842?expand=lines'),
  field(5, 'api.example.com'),
  field(6, 'https'),
  field(10, 'HTTP/2'),
)
const checkMessage = field(
  1,
  field(1, socketAddress),
  field(2, socketAddress),
  field(4, http),
).toString('base64')

/** The answer that lets a request pass, as long as it really is. */
export const checkAllowed: string = Buffer.concat([
  field(1),
  field(
    3,
    ...Object.entries(identityHeaders).map(([name, value]) =>
      field(2, field(1, field(1, name), field(2, value)), field(2)),
    ),
  ),
]).toString('base64')

/** What a sideband kit asks about a request of a kilobyte; the environment is the one that the token names. */
export function sidebandRequest(token: string): BenchRequest {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  const { environmentId } = JSON.parse(payload) as { environmentId: string }
  return {
    path: `/v1/environments/${environmentId}/sideband/request`,
    headers: { 'CLIENT-TOKEN': token, 'Content-Type': 'application/json' },
    body: sidebandBody(1024),
  }
}

/** What a client asks a gateway that asks a verifier. */
export function gatewayRequest(): BenchRequest {
  return { path: '/orders/1842?expand=lines', headers: { Accept: 'application/json' } }
}

/** What a client asks a gateway that judges the token itself. */
export function bearerRequest(token: string): BenchRequest {
  return { path: '/orders/1842?expand=lines', headers: { Authorization: `Bearer ${token}` } }
}

/** A request as bytes on the wire. */
export function wireText({ path, headers, body }: BenchRequest, host: string): string {
  const length = body === undefined ? {} : { 'Content-Length': `${Buffer.byteLength(body)}` }
  const lines = Object.entries({ Host: host, ...length, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const method = body === undefined ? 'GET' : 'POST'
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}

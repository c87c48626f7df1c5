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

/** What a client asks a gateway that judges the token itself. */
export function bearerRequest(token: string): BenchRequest {
  return { path: '/orders/1842?expand=lines', headers: { Authorization: `Bearer ${token}` } }
}

/** A request as bytes on the wire. */
export function wireText({ path, headers }: BenchRequest, host: string): string {
  const lines = Object.entries({ Host: host, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

import { encodeCheck, peer, type CheckInit, type HeaderPair } from './check-schema.ts'

/** What is asked about in most tests, and what they change. */
export interface Request {
  readonly method?: string
  readonly path?: string
  readonly host?: string
  readonly scheme?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of `headers`, as `encode_raw_headers` has it. */
  readonly lines?: readonly HeaderPair[]
  readonly extensions?: Readonly<Record<string, string>>
  /** Whom the gateway names as the source. */
  readonly source?: string
}

const usual = {
  ':authority': 'app.example.test',
  ':method': 'GET',
  ':path': '/orders/1?x=2',
  ':scheme': 'https',
  'user-agent': 'curl/8.5.0',
  accept: '*/*',
  'x-forwarded-proto': 'https',
  'x-request-id': '5b1f1c1e-1111-4444-8888-123456789abc',
}

/** What Envoy would ask. */
export function checkInit(changes: Request = {}): CheckInit {
  const { headers = {}, lines, extensions = {}, source = '203.0.113.7', ...http } = changes
  const sent = lines ? { headerMap: { headers: lines } } : { headers: { ...usual, ...headers } }
  return {
    attributes: {
      source: peer(source),
      destination: peer('10.0.0.1'),
      request: {
        http: {
          id: '7214936518',
          method: 'GET',
          path: '/orders/1?x=2',
          host: 'app.example.test',
          scheme: 'https',
          size: -1,
          protocol: 'HTTP/1.1',
          ...http,
          ...sent,
        },
      },
      contextExtensions: extensions,
    },
  }
}

/** The same as a message. */
export function checkMessage(changes: Request = {}): Buffer {
  return encodeCheck(checkInit(changes))
}

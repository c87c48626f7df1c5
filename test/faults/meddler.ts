import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// Somebody between a verifier and its authority, who reads what passes, keeps it, and says something else.

export interface Said {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface Meddling {
  /** Answers a path in the place of the authority. */
  readonly answer?: (path: string) => Said | undefined
  /** Changes the lines of the feed; each is without its end. */
  readonly lines?: (line: string) => readonly string[]
  /** Changes a snapshot, as it comes over the wire. */
  readonly snapshot?: (bytes: Buffer) => Buffer
}

export interface Meddler {
  readonly url: string
  meddling: Meddling
  /** The requests that came, by when they came. */
  readonly asked: { readonly path: string; readonly at: number }[]
  /** The lines that the authority has written. */
  readonly heard: string[]
  /** The last snapshot that the authority gave. */
  snapshot: Buffer | undefined
  /** Ends all feeds, so that they are asked for again. */
  readonly interrupt: () => void
  readonly close: () => void
}

/** Stands before an authority. */
export async function openMeddler(authority: number): Promise<Meddler> {
  const feeds = new Set<ServerResponse>()
  const serve = async (near: IncomingMessage, response: ServerResponse) => {
    const [path = ''] = (near.url ?? '').split('?')
    meddler.asked.push({ path, at: performance.now() })
    const said = meddler.meddling.answer?.(path)
    if (said) {
      response.writeHead(said.status, said.headers ?? {}).end(said.body)
      return
    }
    const { method, headers, url } = near
    const far = request({ port: authority, host: '127.0.0.1', method, path: url, headers })
    near.pipe(far)
    const [answer] = (await once(far, 'response')) as [IncomingMessage]
    if (path === '/feed' && answer.statusCode === 200) relayFeed(answer, response)
    else await relayWhole(path, answer, response)
  }
  const relayFeed = (answer: IncomingMessage, response: ServerResponse) => {
    feeds.add(response)
    response.on('close', () => {
      feeds.delete(response)
      answer.destroy()
    })
    response.writeHead(200, { 'content-type': String(answer.headers['content-type']) })
    let rest = ''
    answer.on('error', () => response.destroy()).on('close', () => response.destroy())
    answer.setEncoding('latin1').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        meddler.heard.push(line)
        for (const other of meddler.meddling.lines?.(line) ?? [line]) response.write(`${other}\n`)
      }
    })
  }
  const relayWhole = async (path: string, answer: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of answer) chunks.push(chunk as Buffer)
    let bytes: Buffer = Buffer.concat(chunks)
    if (path === '/feed/snapshot' && answer.statusCode === 200) {
      meddler.snapshot = bytes
      bytes = meddler.meddling.snapshot?.(bytes) ?? bytes
    }
    const { 'content-length': _, 'transfer-encoding': __, ...headers } = answer.headers
    response.writeHead(answer.statusCode ?? 500, headers).end(bytes)
  }
  const server = createServer((near, response) => {
    serve(near, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const meddler: Meddler = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    meddling: {},
    asked: [],
    heard: [],
    snapshot: undefined,
    interrupt: () => feeds.forEach((feed) => feed.destroy()),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
  return meddler
}

/** What a line of the feed says. */
export function payloadOf(line: string): Record<string, unknown> {
  const [, payload = ''] = line.split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
}

export const isHeartbeat = (line: string): boolean => payloadOf(line)['kind'] === 'heartbeat'

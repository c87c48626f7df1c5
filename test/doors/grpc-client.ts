import { Client, credentials, Metadata, type ChannelCredentials } from '@grpc/grpc-js'
import { connect } from 'node:http2'
import { decodeAnswer, decodeHealth, type CheckAnswer } from './check-schema.ts'

export const checkPath = '/envoy.service.auth.v3.Authorization/Check'
export const healthPath = '/grpc.health.v1.Health/Check'

export type Pairs = readonly (readonly [name: string, value: string])[]

/** The official client, told what to send by the byte. */
export interface GrpcClient {
  readonly check: (message: Buffer, metadata?: Pairs) => Promise<CheckAnswer>
  readonly health: (service: string) => Promise<number>
  readonly call: (path: string, message: Buffer, metadata?: Pairs) => Promise<Buffer>
  readonly close: () => void
}

const asIs = (bytes: Buffer) => bytes

/** Makes a client. */
export function grpcClient(
  port: number,
  channel: ChannelCredentials = credentials.createInsecure(),
): GrpcClient {
  const client = new Client(`127.0.0.1:${port}`, channel)
  const call = (path: string, message: Buffer, pairs: Pairs = []) =>
    new Promise<Buffer>((resolve, reject) => {
      const metadata = new Metadata()
      for (const [name, value] of pairs) metadata.add(name, value)
      const options = { deadline: Date.now() + 5000 }
      client.makeUnaryRequest(path, asIs, asIs, message, metadata, options, (error, value) => {
        if (error) reject(error)
        else resolve(value ?? Buffer.alloc(0))
      })
    })
  return {
    call,
    check: async (message, metadata) => decodeAnswer(await call(checkPath, message, metadata)),
    async health(service) {
      const name = Buffer.from(service)
      const message = service === '' ? name : Buffer.concat([Buffer.from([10, name.length]), name])
      return decodeHealth(await call(healthPath, message))
    },
    close: () => client.close(),
  }
}

/** The HTTP status that an answer stands for: 200 for an allow. */
export function statusOfAnswer({ status, either }: CheckAnswer): number {
  if (either.case === 'okResponse') return status.code === 0 ? 200 : 0
  return either.case === 'deniedResponse' && status.code !== 0 ? either.value.status.code : 0
}

/** Puts the frame of gRPC around a message. */
export function framed(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

/** What came of a call that was made by the byte. */
export interface RawAnswer {
  readonly status: number | undefined
  readonly grpcStatus: string | undefined
  readonly body: Buffer
}

export interface RawCall {
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly chunks: readonly Uint8Array[]
}

/** Makes a call whose bytes are given; one that is broken off has no status. */
export async function rawCall(port: number, { headers = {}, chunks }: RawCall): Promise<RawAnswer> {
  const session = connect(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  try {
    const stream = session.request(
      {
        ':method': 'POST',
        ':path': checkPath,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      },
      { endStream: false },
    )
    const seen: { status?: number; grpcStatus?: string; body: Buffer[] } = { body: [] }
    const takeStatus = (values: Readonly<Record<string, unknown>>) => {
      const code = values['grpc-status']
      if (typeof code === 'string') seen.grpcStatus = code
    }
    stream.on('error', () => undefined)
    stream.on('response', (values) => {
      seen.status = values[':status'] ?? 0
      takeStatus(values)
    })
    stream.on('trailers', takeStatus)
    stream.on('data', (chunk: Buffer) => seen.body.push(chunk))
    for (const chunk of chunks) stream.write(chunk)
    stream.end()
    await new Promise((resolve) => stream.on('close', resolve))
    return { status: seen.status, grpcStatus: seen.grpcStatus, body: Buffer.concat(seen.body) }
  } finally {
    session.destroy()
  }
}

/** The HTTP status that the answer to a raw call stands for; 0 when it is no good answer at all. */
export function statusOfRaw({ status, grpcStatus, body }: RawAnswer): number {
  if (status !== 200 || grpcStatus !== '0' || body.length < 5) return 0
  return statusOfAnswer(decodeAnswer(body.subarray(5)))
}

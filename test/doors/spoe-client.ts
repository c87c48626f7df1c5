import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

// HAProxy's side of SPOP, written from the protocol's description and sharing nothing with the agent.

export type Value = string | number | boolean | null | Buffer | AddressValue

/** An address as HAProxy's `src` gives it: of four bytes or of sixteen. */
interface AddressValue {
  readonly address: Buffer
}

/** A frame that an agent sent. */
export interface Frame {
  readonly type: number
  readonly flags: number
  readonly ids: string
  readonly payload: Buffer
}

export function varint(value: number): Buffer {
  if (value < 240) return Buffer.of(value)
  const bytes = [(value & 15) | 240]
  let left = Math.floor((value - 240) / 16)
  while (left >= 128) {
    bytes.push((left % 128) | 128)
    left = Math.floor((left - 128) / 128)
  }
  return Buffer.of(...bytes, left)
}

export function run(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string)
  return Buffer.concat([varint(bytes.length), bytes])
}

function typed(value: Value): Buffer {
  if (value === null) return Buffer.of(0)
  if (typeof value === 'boolean') return Buffer.of(value ? 0x11 : 0x01)
  if (typeof value === 'object' && 'address' in value) {
    return Buffer.concat([Buffer.of(value.address.length === 4 ? 6 : 7), value.address])
  }
  if (typeof value === 'number') return Buffer.concat([Buffer.of(3), varint(value)])
  return Buffer.concat([Buffer.of(typeof value === 'string' ? 8 : 9), run(value)])
}

export function pairs(values: readonly (readonly [string, Value])[]): Buffer {
  return Buffer.concat(values.flatMap(([name, value]) => [run(name), typed(value)]))
}

/** A header list as `req.hdrs_bin` gives it. */
export function headerList(...headers: readonly (readonly [string, string])[]): Buffer {
  const all = [...headers, ['', ''] as const]
  return Buffer.concat(all.flatMap(([name, value]) => [run(name), run(value)]))
}

/** A frame with its length in front. */
export function frame(type: number, ids: Buffer, payload: Buffer, flags = 1): Buffer {
  const head = Buffer.alloc(9)
  head.writeUInt32BE(5 + ids.length + payload.length)
  head[4] = type
  head.writeUInt32BE(flags, 5)
  return Buffer.concat([head, ids, payload])
}

export const noIds = Buffer.of(0, 0)

export function hello(changes: readonly (readonly [string, Value])[] = []): Buffer {
  const said: readonly (readonly [string, Value])[] = [
    ['supported-versions', '2.0'],
    ['max-frame-size', 16_380],
    ['capabilities', 'pipelining'],
    ...changes,
  ]
  return frame(1, noIds, pairs(said))
}

export function check(args: readonly (readonly [string, Value])[]): Buffer {
  return Buffer.concat([run('check'), Buffer.of(args.length), pairs(args)])
}

/** The arguments of a usual question, with changes; `undefined` leaves one out. */
export function question(
  token: string | null,
  changes: Readonly<Record<string, Value | undefined>> = {},
): Buffer {
  const usual: Record<string, Value | undefined> = {
    id: '7F000001:9216_6B00DCE9_0000',
    token,
    method: 'GET',
    uri: '/app/hello?q=1',
    ver: '1.1',
    src: null,
    sport: 37_398,
    ssl: false,
    sni: null,
    hdrs: headerList(['host', 'app.test'], ['user-agent', 'probe/1']),
    ...changes,
  }
  const given = Object.entries(usual).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  )
  return check(given)
}

export function notify(ids: Buffer, payload: Buffer): Buffer {
  return frame(3, ids, payload)
}

/** Reads all whole frames off the front of some bytes. */
export function readFrames(bytes: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = []
  let at = 0
  while (bytes.length - at >= 4 && bytes.length - at - 4 >= bytes.readUInt32BE(at)) {
    const end = at + 4 + bytes.readUInt32BE(at)
    const [, afterStream] = readVarint(bytes, at + 9)
    const [, afterIds] = readVarint(bytes, afterStream)
    frames.push({
      type: bytes[at + 4] ?? 0,
      flags: bytes.readUInt32BE(at + 5),
      ids: bytes.toString('hex', at + 9, afterIds),
      payload: bytes.subarray(afterIds, end),
    })
    at = end
  }
  return { frames, rest: bytes.subarray(at) }
}

function readVarint(bytes: Buffer, at: number): [number, number] {
  let value = bytes[at] ?? 0
  let next = at + 1
  if (value < 240) return [value, next]
  let shift = 4
  for (;;) {
    const byte = bytes[next++] ?? 0
    value += byte * 2 ** shift
    if (byte < 128) return [value, next]
    shift += 7
  }
}

function readValue(bytes: Buffer, at: number): [Value, number] {
  const head = bytes[at] ?? 0
  const type = head & 15
  if (type === 0) return [null, at + 1]
  if (type === 1) return [head >= 16, at + 1]
  if (type <= 5) return readVarint(bytes, at + 1)
  const [size, from] = readVarint(bytes, at + 1)
  return [bytes.toString('utf8', from, from + size), from + size]
}

/** The variables that an ACK sets in the transaction. */
export function variables({ payload }: Frame): Readonly<Record<string, Value>> {
  const found: Record<string, Value> = {}
  let at = 0
  while (at < payload.length) {
    if (payload.readUIntBE(at, 3) !== 0x010302) throw new Error('not a set-var for a transaction')
    const [size, from] = readVarint(payload, at + 3)
    const name = payload.toString('utf8', from, from + size)
    const [value, next] = readValue(payload, from + size)
    if (name in found) throw new Error(`${name} is set twice`)
    found[name] = value
    at = next
  }
  return found
}

/** What a DISCONNECT or a HELLO says. */
export function members({ payload }: Frame): Readonly<Record<string, Value>> {
  const found: Record<string, Value> = {}
  let at = 0
  while (at < payload.length) {
    const [size, from] = readVarint(payload, at)
    const [value, next] = readValue(payload, from + size)
    found[payload.toString('utf8', from, from + size)] = value
    at = next
  }
  return found
}

/** A connection to an agent. */
export interface SpoeLine {
  readonly socket: Socket
  readonly send: (bytes: Buffer) => void
  /** Waits for so many frames, or for the end of the connection. */
  readonly frames: (count: number) => Promise<readonly Frame[]>
  readonly ended: () => Promise<void>
  readonly close: () => void
}

/** Connects to an agent. */
export async function dial(at: number | string): Promise<SpoeLine> {
  const socket = typeof at === 'number' ? connect(at, '127.0.0.1') : connect(at)
  await once(socket, 'connect')
  let received = Buffer.alloc(0)
  let closed = false
  const news = new Set<() => void>()
  const tell = () => {
    for (const each of news) each()
  }
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    tell()
  })
  for (const event of ['error', 'close'] as const) {
    socket.on(event, () => {
      closed = true
      tell()
    })
  }
  const wait = (holds: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('nothing for 5 s')), 5000)
      const look = () => {
        if (!holds()) return
        clearTimeout(late)
        news.delete(look)
        resolve()
      }
      news.add(look)
      look()
    })
  const taken: Frame[] = []
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    async frames(count) {
      await wait(() => {
        const { frames, rest } = readFrames(received)
        taken.push(...frames)
        received = Buffer.from(rest)
        return taken.length >= count || closed
      })
      return taken.splice(0, count)
    },
    ended: () => wait(() => closed),
    close: () => socket.destroy(),
  }
}

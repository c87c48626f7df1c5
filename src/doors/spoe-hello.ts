// How a connection of SPOP begins and ends.

import {
  frameTypes,
  valueTypes,
  wholeFrame,
  type SpoeReader,
  type SpoeWriter,
} from './spoe-wire.ts'

/** Why a connection is ended, as SPOP numbers it. */
export const statuses = {
  normal: 0,
  tooBig: 3,
  invalid: 4,
  noVersion: 5,
  noFrameSize: 6,
  noCapabilities: 7,
  badVersion: 8,
  badFrameSize: 9,
  fragmented: 10,
} as const

// The longest refusal must fit.
const frameSizeMin = 1024

/** What HAProxy says of itself. */
export interface Hello {
  readonly sizeMax: number
  readonly isHealthCheck: boolean
}

interface Said {
  versions?: string
  sizeMax?: number
  hasCapabilities?: true
  isHealthCheck?: boolean
}

/** Reads a HAPROXY-HELLO: what it says, or with which status that ends the connection. */
export function readHello(payload: SpoeReader): Hello | number {
  const said: Said = {}
  while (!payload.done) {
    payload.run()
    const name = payload.text()
    payload.value()
    if (!payload.failed) note(said, name, payload)
  }
  if (payload.failed) return statuses.invalid
  const { versions, sizeMax, hasCapabilities, isHealthCheck = false } = said
  if (versions === undefined) return statuses.noVersion
  if (!/(?:^|,)\s*2\.\d+\s*(?:,|$)/.test(versions)) return statuses.badVersion
  if (sizeMax === undefined) return statuses.noFrameSize
  if (sizeMax < frameSizeMin) return statuses.badFrameSize
  return hasCapabilities ? { sizeMax, isHealthCheck } : statuses.noCapabilities
}

function note(said: Said, name: string, value: SpoeReader): void {
  const { type } = value
  const isText = type === valueTypes.string
  const isInteger = type >= valueTypes.int32 && type <= valueTypes.uint64
  if (name === 'supported-versions' && isText) said.versions = value.text()
  else if (name === 'max-frame-size' && isInteger) said.sizeMax = value.number
  else if (name === 'capabilities' && isText) said.hasCapabilities = true
  else if (name === 'healthcheck' && type === valueTypes.boolean) {
    said.isHealthCheck = value.number === 1
  }
}

function writeFrame(out: SpoeWriter, type: number, payload: () => void): void {
  const start = out.length
  out.uint32(0)
  out.byte(type)
  out.uint32(wholeFrame)
  // Stream and frame: both zero for what is about the connection itself.
  out.byte(0)
  out.byte(0)
  payload()
  out.bytes.writeUInt32BE(out.length - start - 4, start)
}

/** Writes an AGENT-HELLO. */
export function writeHello(out: SpoeWriter, sizeMax: number): void {
  writeFrame(out, frameTypes.agentHello, () => {
    out.name('version')
    out.string('2.0')
    out.name('max-frame-size')
    out.byte(valueTypes.uint32)
    out.varint(sizeMax)
    out.name('capabilities')
    out.string('pipelining')
  })
}

const farewells: ReadonlyMap<number, string> = new Map([
  [statuses.normal, 'normal'],
  [statuses.tooBig, 'frame is too big'],
  [statuses.invalid, 'invalid frame received'],
  [statuses.noVersion, 'version value not found'],
  [statuses.noFrameSize, 'max-frame-size value not found'],
  [statuses.noCapabilities, 'capabilities value not found'],
  [statuses.badVersion, 'unsupported version'],
  [statuses.badFrameSize, 'max-frame-size too big or too small'],
  [statuses.fragmented, 'fragmentation not supported'],
])

/** Writes an AGENT-DISCONNECT. */
export function writeDisconnect(out: SpoeWriter, status: number): void {
  writeFrame(out, frameTypes.agentDisconnect, () => {
    out.name('status-code')
    out.byte(valueTypes.uint32)
    out.varint(status)
    out.name('message')
    out.string(farewells.get(status) ?? '')
  })
}

// What it costs to read a gateway's question from the bytes of one read.

import { maxHeaderSize } from 'node:http'
import { readPlain } from '../../src/verifier/plain-request.ts'
import { signTokens } from '../material.ts'
import { repeat, type Micro } from '../micro.ts'
import { hookRequest } from '../requests.ts'

const tokenCount = 1000

/** The reader of the fast lane, with the credential of one gateway and of many. */
export const micro: Micro = {
  prepare: async () => {
    const tokens = await signTokens({ algorithm: 'RS256-3072', expires: false }, tokenCount)
    const asked = tokens.map(bytesOf)
    const nothing = Buffer.alloc(0)
    const one = (turn: number) => asked[turn % tokenCount] ?? nothing
    const same = asked[0] ?? nothing
    const headBytesMax = 4 * maxHeaderSize
    return [
      {
        name: `nginx's question of ${same.length} bytes`,
        cases: [
          repeat('bytes made text', (turn) => one(turn).toString('latin1').length > 0),
          repeat('read, a thousand gateways', (turn) => {
            return readPlain(one(turn), headBytesMax) !== undefined
          }),
          repeat('read, one gateway', () => readPlain(same, headBytesMax) !== undefined),
        ],
      },
    ]
  },
}

function bytesOf(token: string): Buffer {
  const { path, headers } = hookRequest(token)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from([`GET ${path} HTTP/1.1\r\n`, 'Host: 127.0.0.1\r\n', ...lines, '\r\n'].join(''))
}

// What it costs to read a token and its claims in their one spelling alone, beside readers that take many.

import { decodeJwt, decodeProtectedHeader } from 'jose'
import { parseCompact } from '../../src/credential/compact.ts'
import { parseJsonObject } from '../../src/credential/strict-json.ts'
import { signTokens } from '../material.ts'
import { repeat, type Micro } from '../micro.ts'

const tokenCount = 1000

/** The strict compact form, and strict JSON. */
export const micro: Micro = {
  prepare: async () => {
    const tokens = await signTokens({ algorithm: 'RS256-3072', expires: false }, tokenCount)
    const token = (turn: number) => tokens[turn % tokenCount] ?? ''
    const payloads = tokens.map((text) => Buffer.from(text.split('.')[1] ?? '', 'base64url'))
    const nothing = Buffer.alloc(0)
    const payload = (turn: number) => payloads[turn % tokenCount] ?? nothing
    return [
      {
        name: `a token of ${token(0).length} bytes, taken apart`,
        cases: [
          repeat('split, decode, JSON.parse of the header', (turn) => {
            const [header = '', claims = '', signature = ''] = token(turn).split('.')
            const parts = [header, claims, signature].map((part) => Buffer.from(part, 'base64url'))
            return JSON.parse(parts[0]?.toString() ?? '') !== null
          }),
          repeat('parseCompact', (turn) => typeof parseCompact(token(turn)) === 'object'),
        ],
      },
      {
        name: `claims of ${payload(0).length} bytes`,
        cases: [
          repeat('JSON.parse', (turn) => JSON.parse(payload(turn).toString()) !== null),
          repeat('parseJsonObject', (turn) => parseJsonObject(payload(turn)) !== undefined),
        ],
      },
      {
        name: 'both',
        cases: [
          repeat('jose', (turn) => {
            const { alg } = decodeProtectedHeader(token(turn))
            return alg !== undefined && decodeJwt(token(turn)).jti !== undefined
          }),
          repeat('strict', (turn) => {
            const compact = parseCompact(token(turn))
            return typeof compact === 'object' && parseJsonObject(compact.payload) !== undefined
          }),
        ],
      },
    ]
  },
}

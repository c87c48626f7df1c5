// What a token costs when it is seen for the first time: bare node:crypto, Warder's whole proof, and jose; each
// operation on another token.

import { verify, type KeyObject } from 'node:crypto'
import { compactVerify, jwtVerify } from 'jose'
import { prove } from '../../src/credential/proof.ts'
import { defaultLeeway, epochSeconds } from '../../src/credential/time.ts'
import { algorithms, joseName, keyPair, signTokens, type Algorithm } from '../material.ts'
import type { Micro, MicroGroup } from '../micro.ts'
import { standingOf } from '../trust.ts'

type Judge = KeyObject | { readonly key: KeyObject; readonly dsaEncoding: 'ieee-p1363' }

interface Parts {
  readonly data: Buffer
  readonly signature: Buffer
}

const tokenCount = 2000
const inFlight = 16

/** First-seen tokens, one group per algorithm. */
export const micro: Micro = {
  prepare: async () => Promise.all(algorithms.map(groupOf)),
}

async function groupOf(algorithm: Algorithm): Promise<MicroGroup> {
  const tokens = await signTokens({ algorithm, expires: false }, tokenCount)
  const { publicKey } = keyPair(algorithm)
  const alg = joseName(algorithm)
  const digest = alg === 'EdDSA' ? undefined : 'sha256'
  const judge: Judge = alg === 'ES256' ? { key: publicKey, dsaEncoding: 'ieee-p1363' } : publicKey
  const verifySync = (token: string) => {
    const { data, signature } = split(token)
    must(verify(digest, data, judge, signature))
  }
  const verifyOnPool = async (token: string) => {
    const { data, signature } = split(token)
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    verify(digest, data, judge, signature, (error, holds) =>
      error === null ? resolve(holds) : reject(error),
    )
    must(await promise)
  }
  const next = taker(tokens)
  const { ring } = await standingOf(algorithm)
  const now = epochSeconds(Math.floor(Date.now() / 1000))
  const options = { algorithms: [alg] }
  return {
    name: `first-seen token, ${algorithm}`,
    cases: [
      { name: 'crypto.verify', run: each(next, verifySync) },
      {
        name: 'crypto.verify, header and payload parsed',
        run: each(next, (token) => {
          verifySync(token)
          const [header = '', payload = ''] = token.split('.')
          must(parsed(header)['alg'] === alg && typeof parsed(payload)['jti'] === 'string')
        }),
      },
      {
        name: "Warder's prove",
        run: each(next, (token) =>
          must(typeof prove(token, ring, now, defaultLeeway) === 'object'),
        ),
      },
      {
        name: `crypto.verify with callback, ${inFlight} in flight`,
        run: together(next, verifyOnPool),
      },
      {
        name: `jose compactVerify, ${inFlight} in flight`,
        run: together(next, async (token) => compactVerify(token, publicKey, options)),
      },
      {
        name: `jose jwtVerify, ${inFlight} in flight`,
        run: together(next, async (token) => jwtVerify(token, publicKey, options)),
      },
      {
        name: 'jose jwtVerify, one at a time',
        run: async (count) => {
          for (let done = 0; done < count; done += 1) await jwtVerify(next(), publicKey, options)
        },
      },
    ],
  }
}

function split(token: string): Parts {
  const dot = token.lastIndexOf('.')
  return {
    data: Buffer.from(token.slice(0, dot), 'latin1'),
    signature: Buffer.from(token.slice(dot + 1), 'base64url'),
  }
}

function parsed(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>
}

function taker(tokens: readonly string[]): () => string {
  let turn = 0
  return () => {
    turn = (turn + 1) % tokens.length
    return tokens[turn] ?? ''
  }
}

function each(next: () => string, judge: (token: string) => void) {
  return (count: number): void => {
    for (let done = 0; done < count; done += 1) judge(next())
  }
}

function together(next: () => string, judge: (token: string) => Promise<unknown>) {
  return async (count: number): Promise<void> => {
    let left = count
    const worker = async () => {
      while (left > 0) {
        left -= 1
        await judge(next())
      }
    }
    await Promise.all(Array.from({ length: inFlight }, worker))
  }
}

function must(holds: boolean): void {
  if (!holds) throw new Error('a good token was refused')
}

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createPrng } from '../prng.ts'
import { seconds } from './issuer.ts'
import { nginxHook, runVerifier, statusOf, until, type Running } from './running.ts'
import { tellableMs, tellApart, type Stopwatch } from './tell-apart.ts'

const rounds = 300

const kinds: Readonly<Record<string, (jti: string) => Record<string, unknown>>> = {
  revoked: (jti) => ({ jti: `revoked-${jti}` }),
  expired: (jti) => ({ jti, exp: seconds() - 1 }),
  'revoked and expired': (jti) => ({ jti: `revoked-${jti}`, exp: seconds() - 1 }),
  'not yet valid': (jti) => ({ jti, nbf: seconds() + 3600 }),
  'issued in the future': (jti) => ({ jti, iat: seconds() + 3600 }),
}

describe('AT-54: a stopwatch does not tell which refusal a token with a good signature met', () => {
  let running: Running

  before(async () => {
    running = await runVerifier()
  })
  after(async () => running.stop())

  /** Tokens of every kind, `count` of each; those of a time before are others. */
  const tokens = async (again: number, count: number): Promise<Stopwatch['refusals']> => {
    const ids = Array.from({ length: count }, (_, at) => `${again}-${at}`)
    running.put('revoked.txt', ids.map((id) => `revoked-${id}\n`).join(''))
    const last = nginxHook(running.token({ jti: `revoked-${ids.at(-1)}`, extra: 'other' }))
    await until(async () => (await statusOf(running.place, last)) === 401)
    return new Map(
      Object.entries(kinds).map(([kind, claims]) => {
        const hooks = ids.map((id) => nginxHook(running.token(claims(id))))
        return [kind, (round: number) => hooks[round % count] ?? '']
      }),
    )
  }

  for (const [when, count] of [
    ['seen for the first time', rounds],
    ['seen before', 1],
  ] as const) {
    test(`when it is ${when}`, async (t) => {
      const random = createPrng(t)
      const { place } = running
      const apart = await tellApart(async (again) => {
        const refusals = await tokens(again, count)
        return { place, refusals, random, rounds }
      })
      t.diagnostic(apart.times)
      assert.ok(apart.milliseconds < tellableMs, apart.times)
    })
  }
})

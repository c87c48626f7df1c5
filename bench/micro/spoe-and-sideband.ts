// What the doors that read more than headers cost by themselves: bytes in, bytes out, the decision included.

import { randomBytes } from 'node:crypto'
import { epochSeconds } from '../../src/credential/time.ts'
import { admitsAll, decide, type View } from '../../src/decision/decide.ts'
import { createProofCache } from '../../src/decision/proof-cache.ts'
import { readQuestionJson } from '../../src/decision/question-json.ts'
import type { Question } from '../../src/decision/question.ts'
import { createSidebandDoor } from '../../src/doors/sideband.ts'
import { createStateSeal } from '../../src/doors/sideband-state.ts'
import { createSpoeSession } from '../../src/doors/spoe.ts'
import { signTokens } from '../material.ts'
import { repeat, type Micro } from '../micro.ts'
import { sidebandBody, spoeHello, spoeNotify } from '../questions.ts'
import { standingOf } from '../trust.ts'

const settings = {
  carrier: { kind: 'client-token', headers: ['CLIENT-TOKEN', 'PDG-TOKEN'] },
  require: 'gateway',
  environment: undefined,
} as const
const algorithm = 'RS256-3072'
const pipelined = 64

/** SPOE frames and sideband bodies. */
export const micro: Micro = {
  prepare: async () => {
    const [token = ''] = await signTokens({ algorithm, expires: false }, 1)
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
    const { environmentId } = JSON.parse(payload) as { environmentId: string }
    const view = await viewOf()
    const now = Date.now()
    const judge = (question: Question) => decide(question, settings, view, epochSeconds(now / 1000))
    const session = createSpoeSession({
      settings,
      judge: (question) => ({ decision: judge(question), id: 'AAAAAAAAAAAA1a' }),
      isDraining: () => false,
    })
    session.take(spoeHello())
    const frames = Buffer.concat(Array.from({ length: pipelined }, () => spoeNotify(token)))
    const states = createStateSeal({ key: randomBytes(32), salt: randomBytes(16) })
    const door = createSidebandDoor({ settings, states })
    const body = Buffer.from(sidebandBody(1024))
    const request = {
      method: 'POST',
      path: `/v1/environments/${environmentId}/sideband/request`,
      rawHeaders: ['Host', 'w', 'Content-Type', 'application/json', 'CLIENT-TOKEN', token],
      body,
      now,
    }
    const state = { method: 'GET', url: 'https://api.example.com:443/orders/1', address: '::1' }
    return [
      {
        name: 'one decision',
        cases: [
          {
            name: 'SPOE, 64 NOTIFYs at a time',
            run: (count) => {
              for (let left = count; left > 0; left -= pipelined) session.take(frames)
            },
          },
          repeat('sideband, 1 KiB', () => door.answer(request, { id: 'x', judge }).status === 200),
          repeat('of that, reading the JSON', () => readQuestionJson(body) !== undefined),
          repeat('of that, JSON.parse', () => JSON.parse(body.toString()) !== undefined),
          repeat('of that, the state', () => states.seal(state, environmentId, now) !== undefined),
        ],
      },
    ]
  },
}

async function viewOf(): Promise<View> {
  return {
    standing: await standingOf(algorithm),
    freshness: 'fresh',
    cache: createProofCache(1000),
    leeway: { exp: 0, nbf: 60 },
    outage: { noState: 'unavailable', expired: 'unavailable', internalError: 'unavailable' },
    admission: admitsAll,
  }
}

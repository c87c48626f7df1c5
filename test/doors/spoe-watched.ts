import assert from 'node:assert/strict'
import type { Question } from '../../src/decision/question.ts'
import type { DoorSettings } from '../../src/doors/http-door.ts'
import { createSpoeSession, type SpoeSession } from '../../src/doors/spoe.ts'
import { gatewayDoor, judgeBy } from './live-view.ts'
import { hello, noIds, notify, readFrames, variables, type Frame } from './spoe-client.ts'

/** A session, and what it was asked. */
export interface Watched {
  readonly session: SpoeSession
  readonly questions: Question[]
}

export function watched(settings: DoorSettings = gatewayDoor, isDraining = false): Watched {
  const judge = judgeBy(settings)
  const questions: Question[] = []
  const session = createSpoeSession({
    settings,
    judge(asked) {
      questions.push(asked)
      return { decision: judge(asked), id: `d${questions.length}` }
    },
    isDraining: () => isDraining,
  })
  return { session, questions }
}

/** One that has been greeted. */
export function greeted(settings?: DoorSettings): Watched {
  const made = watched(settings)
  made.session.take(hello())
  return made
}

export function answersTo(bytes: Buffer, { session }: Watched = greeted()): readonly Frame[] {
  const { frames, rest } = readFrames(session.take(bytes))
  assert.equal(rest.length, 0)
  return frames
}

/** The variables of the one ACK to a payload. */
export function ackTo(payload: Buffer, made?: Watched) {
  const [ack, ...others] = answersTo(notify(noIds, payload), made)
  assert.ok(ack && others.length === 0)
  assert.equal(ack.type, 103)
  return variables(ack)
}

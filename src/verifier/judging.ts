import type { Socket } from 'node:net'
import { epochSeconds } from '../credential/time.ts'
import { decide, failToDecide, type DoorRules, type View } from '../decision/decide.ts'
import type { Decision } from '../decision/decision.ts'
import type { DoorName, Question } from '../decision/question.ts'
import type { Judgement } from '../doors/body-door.ts'
import type { Clock } from '../system/clock.ts'
import type { ThreadObserver } from './observer.ts'

/** What every listener judges with. */
export interface JudgingParts {
  /** What is known now. */
  readonly view: () => View
  readonly clock: Clock
  readonly nextDecisionId: () => string
  /** Told of every decision. */
  readonly observer: Pick<ThreadObserver, 'decided' | 'took'>
}

interface Door {
  readonly name: DoorName
  readonly rules: DoorRules
}

/**
 * Judges questions of one request by what is in force at this moment, under one id, and has them counted; `met` is told
 * of the connection when a live credential was seen on it.
 */
export function openJudgement(
  { view, clock, nextDecisionId, observer }: JudgingParts,
  { name, rules }: Door,
  socket: Socket,
  met: (socket: Socket) => void,
): Judgement {
  const source = socket.remoteAddress
  const known = view()
  const now = clock.wall()
  const id = nextDecisionId()
  return {
    id,
    judge(question) {
      const began = clock.monotonic()
      const decision = judge(question, rules, known, now)
      if (decision.reason === 'allowed') met(socket)
      observer.took(clock.monotonic() - began)
      observer.decided(name, decision, id, source)
      return decision
    },
  }
}

function judge(question: Question, rules: DoorRules, view: View, wall: number): Decision {
  try {
    return decide(question, rules, view, epochSeconds(wall / 1000))
  } catch {
    return failToDecide(view)
  }
}

// Answers for the doors that are asked by the head of a request: at once where its credentials are known, else once
// there is time to prove them.

import { epochSeconds } from '../credential/time.ts'
import { decide, failToDecide, type View } from '../decision/decide.ts'
import { isFirstSeen } from '../decision/proof-cache.ts'
import type { Question } from '../decision/question.ts'
import type { HttpDoor, HttpHead } from '../doors/http-door.ts'
import type { Exchange } from './exchange.ts'
import type { JudgingParts } from './judging.ts'
import { createWaitingLine } from './waiting-line.ts'

/** Answers a request at a door; not before it returns, where something has to be proved first. */
export type HookAnswerer = (door: HttpDoor, head: HttpHead, exchange: Exchange) => void

/** Makes the answerer of one listener. */
export function createHookAnswerer(parts: JudgingParts): HookAnswerer {
  const waiting = createWaitingLine(parts.clock.monotonic)
  const answerLater = (asked: Asked) => {
    const waits = waiting.add(() => {
      if (asked.exchange.isOver) return
      decideAndSend(parts, asked, { ...parts.view(), hasWaited: true })
    })
    if (!waits) decideAndSend(parts, asked, { ...parts.view(), admission: closed })
  }
  return (door, head, exchange) => {
    const view = parts.view()
    const question = readQuestion(door, head)
    const asked = { door, question, exchange }
    if (question && isFirstSeen(question, view.cache)) answerLater(asked)
    else decideAndSend(parts, asked, view)
  }
}

interface Asked {
  readonly door: HttpDoor
  /** `undefined` where reading it failed. */
  readonly question: Question | undefined
  readonly exchange: Exchange
}

const closed = { admit: () => false, giveBack() {} }

function readQuestion(door: HttpDoor, head: HttpHead): Question | undefined {
  try {
    return door.read(head)
  } catch {
    return undefined
  }
}

function decideAndSend(
  { clock, nextDecisionId, observer }: JudgingParts,
  { door, question, exchange }: Asked,
  view: View,
): void {
  const began = clock.monotonic()
  const now = epochSeconds(clock.wall() / 1000)
  const decision = question ? decide(question, door.rules, view, now) : failToDecide(view)
  const took = clock.monotonic() - began
  const id = nextDecisionId()
  const source = exchange.socket.remoteAddress
  // In an outage strangers may be allowed too, for another reason.
  if (decision.reason === 'allowed') exchange.met()
  exchange.send(door.answer(decision, id))
  observer.decided(door.name, decision, id, source)
  observer.took(took)
}

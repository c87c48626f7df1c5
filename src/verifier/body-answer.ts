// Answers for the doors whose question is in the body. What it asks is judged by the standing of the moment at which it
// was whole.

import type { ServerResponse } from 'node:http'
import type { BodyDoor, BodyRequest } from '../doors/body-door.ts'
import type { DoorAnswer } from '../doors/door-answer.ts'
import { NodeExchange, type Exchange } from './exchange.ts'
import { gather } from './gather.ts'
import type { HookRequest } from './hook-request.ts'
import { openJudgement, type JudgingParts } from './judging.ts'
import type { Strangers } from './strangers.ts'
import type { Room } from './unfinished.ts'

/** A request that is whole; the time is added. */
export type WholeRequest = Omit<BodyRequest, 'now'>

/** Answers a request that is whole. */
export function answerWhole(
  parts: JudgingParts,
  door: BodyDoor,
  request: WholeRequest,
  exchange: Exchange,
): void {
  exchange.send(answerTo(parts, door, request, exchange))
}

function answerTo(
  parts: JudgingParts,
  door: BodyDoor,
  request: WholeRequest,
  { socket, met }: Exchange,
): DoorAnswer {
  try {
    const judgement = openJudgement(parts, door, socket, met)
    return door.answer({ ...request, now: parts.clock.wall() }, judgement)
  } catch {
    return door.failure
  }
}

export interface GatheredParts extends JudgingParts {
  readonly bodyBytes: number
  readonly strangers: Strangers
  readonly room: Room
}

/** Answers a request once its body has been gathered, up to a bound and a deadline. */
export function answerGathered(
  parts: GatheredParts,
  door: BodyDoor,
  request: HookRequest,
  response: ServerResponse,
): void {
  const { method, path, rawHeaders, socket } = request
  const gathering = {
    request,
    response,
    bytesMax: parts.bodyBytes,
    room: parts.room,
    isStranger: parts.strangers.isStranger(socket),
    // Before anything is known, strangers may be answered by what they ask.
    mayAsk: () => parts.view().standing === undefined || door.mayAsk(rawHeaders),
  }
  gather(gathering, (body) => {
    const exchange = new NodeExchange(response, parts.strangers)
    answerWhole(parts, door, { method, path, rawHeaders, body }, exchange)
  })
}

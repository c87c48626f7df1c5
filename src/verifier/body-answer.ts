// Doors whose question is in the body: it is gathered up to a bound and a deadline, and what it asks is judged by the
// standing of the moment at which it was whole.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BodyDoor, BodyFlaw, DoorAnswer } from '../doors/body-door.ts'
import { gather } from './gather.ts'
import { openJudgement, type JudgingParts } from './judging.ts'
import type { Strangers } from './strangers.ts'
import type { Room } from './unfinished.ts'

export interface BodyParts extends JudgingParts {
  readonly bodyBytes: number
  readonly strangers: Strangers
  readonly room: Room
}

/** Takes a request for a door whose question is in the body. */
export type BodyAnswerer = (
  door: BodyDoor,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
) => void

/** Makes the answerer of one listener. */
export function createBodyAnswerer(parts: BodyParts): BodyAnswerer {
  return (door, path, request, response) => {
    const gathering = {
      request,
      response,
      bytesMax: parts.bodyBytes,
      room: parts.room,
      isStranger: parts.strangers.isStranger(request.socket),
      // Before anything is known, strangers may be answered by what they ask.
      mayAsk: () => parts.view().standing === undefined || door.mayAsk(request.rawHeaders),
    }
    gather(gathering, (body) => {
      const answered = answer(parts, door, path, { request, body })
      const { status, headers, body: text, encoding = 'utf8' } = answered
      parts.strangers.keepBriefly(request.socket, response)
      const length = Buffer.byteLength(text, encoding)
      response.writeHead(status, ['Content-Length', `${length}`, ...headers])
      // As text, which Node writes in one piece with the head; in ASCII it costs less to write.
      const cheapest = length === text.length ? 'latin1' : encoding
      response.end(request.method === 'HEAD' ? undefined : text, cheapest)
    })
  }
}

interface Arrived {
  readonly request: IncomingMessage
  readonly body: Buffer | BodyFlaw
}

function answer(
  parts: BodyParts,
  door: BodyDoor,
  path: string,
  { request, body }: Arrived,
): DoorAnswer {
  try {
    const { method = '', rawHeaders } = request
    const judgement = openJudgement(parts, door, request.socket, parts.strangers.met)
    return door.answer({ method, path, rawHeaders, body, now: parts.clock.wall() }, judgement)
  } catch {
    return door.failure
  }
}

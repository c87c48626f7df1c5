// Doors whose question is in the body: it is gathered up to a bound and a deadline, and what it asks is judged by the
// standing of the moment at which it was whole.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BodyDoor, BodyFlaw, DoorAnswer } from '../doors/body-door.ts'
import { openJudgement, type JudgingParts } from './judging.ts'
import type { Strangers } from './strangers.ts'

export interface BodyParts extends JudgingParts {
  readonly bodyBytes: number
  readonly strangers: Strangers
}

/** Takes a request for a door whose question is in the body. */
export type BodyAnswerer = (
  door: BodyDoor,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
) => void

// Less than the shortest patience of a caller.
const deadlineMs = 8000
/** What is read of a body that is too large, so that a caller that only then looks for an answer finds it. */
const discardedMax = 16 * 1024 * 1024

/** Makes the answerer of one listener. */
export function createBodyAnswerer(parts: BodyParts): BodyAnswerer {
  return (door, path, request, response) => {
    gather(request, response, parts.bodyBytes, (body) => {
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

const nothing: Buffer = Buffer.alloc(0)

/** Calls back once: with the whole body, or with why there is none; never, if the caller went away. */
function gather(
  request: IncomingMessage,
  response: ServerResponse,
  most: number,
  done: (body: Buffer | BodyFlaw) => void,
): void {
  const { 'content-length': length, 'transfer-encoding': coding, expect } = request.headers
  const announced = Number(length ?? 0)
  if (coding === undefined && announced === 0) {
    done(nothing)
    return
  }
  if (announced > most && (expect !== undefined || announced > most + discardedMax)) {
    response.shouldKeepAlive = false
    done('too-large')
    return
  }
  if (expect !== undefined) response.writeContinue()
  let chunks: Buffer[] = []
  let size = 0
  const finish = (body: Buffer | BodyFlaw) => {
    clearTimeout(timer)
    request.off('data', take).off('end', end).off('close', leave)
    done(body)
  }
  const abandon = (flaw: BodyFlaw) => {
    response.shouldKeepAlive = false
    finish(flaw)
  }
  const take = (chunk: Buffer) => {
    size += chunk.length
    if (size <= most) chunks.push(chunk)
    else chunks = []
    if (size > most + discardedMax) abandon('too-large')
  }
  const end = () => finish(size > most ? 'too-large' : joined(chunks))
  const leave = () => clearTimeout(timer)
  const timer = setTimeout(() => abandon('too-slow'), deadlineMs)
  request.on('data', take).on('end', end).on('close', leave)
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [first = nothing] = chunks
  return chunks.length <= 1 ? first : Buffer.concat(chunks)
}

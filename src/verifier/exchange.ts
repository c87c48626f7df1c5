import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { DoorAnswer } from '../doors/door-answer.ts'
import type { Strangers } from './strangers.ts'

/** A request that waits for its answer. */
export interface Exchange {
  readonly socket: Socket
  /** Whether there is nobody left to answer, or who is there was told that it took too long. */
  readonly isOver: boolean
  /** A live credential was seen in the request. */
  readonly met: () => void
  readonly send: (answer: DoorAnswer) => void
}

/** The exchange of a request that Node has read. */
export function nodeExchange(response: ServerResponse, strangers: Strangers): Exchange {
  const { req: request } = response
  const { socket } = request
  return {
    socket,
    get isOver() {
      return socket.writableEnded || socket.destroyed
    },
    met: () => strangers.met(socket),
    send(answer) {
      strangers.keepBriefly(socket, response)
      const { status, headers, body } = answer
      const length = lengthOf(answer)
      response.writeHead(status, ['Content-Length', `${length}`, ...headers])
      // As text, which Node writes in one piece with the head.
      response.end(request.method === 'HEAD' ? undefined : body, encodingOf(answer, length))
    },
  }
}

/** How many bytes the body of an answer has. */
export function lengthOf({ body, encoding = 'utf8' }: DoorAnswer): number {
  return body === '' ? 0 : Buffer.byteLength(body, encoding)
}

/** In what an answer with a body of so many bytes is written: ASCII costs less as what is a byte for each character. */
export function encodingOf({ body, encoding = 'utf8' }: DoorAnswer, length: number) {
  return length === body.length ? 'latin1' : encoding
}

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { headerList, type DoorAnswer } from '../doors/door-answer.ts'
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
export class NodeExchange implements Exchange {
  readonly socket: Socket
  readonly #response: ServerResponse
  readonly #strangers: Strangers

  constructor(response: ServerResponse, strangers: Strangers) {
    this.socket = response.req.socket
    this.#response = response
    this.#strangers = strangers
  }

  get isOver(): boolean {
    return this.socket.writableEnded || this.socket.destroyed
  }

  readonly met = (): void => this.#strangers.met(this.socket)

  send(answer: DoorAnswer): void {
    const response = this.#response
    this.#strangers.keepBriefly(this.socket, response)
    const { status, lines, body } = answer
    const length = lengthOf(answer)
    response.writeHead(status, ['Content-Length', `${length}`, ...headerList(lines)])
    // As text, which Node writes in one piece with the head.
    response.end(response.req.method === 'HEAD' ? undefined : body, encodingOf(answer, length))
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

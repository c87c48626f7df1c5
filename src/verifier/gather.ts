import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BodyFlaw } from '../doors/body-door.ts'
import { Pieces, type Room } from './unfinished.ts'

// Less than the shortest patience of a caller.
const deadlineMs = 8000
/** What is read of a body that is too large, so that a caller that only then looks for an answer finds it. */
const discardedMax = 16 * 1024 * 1024

export interface GatherParts {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly bytesMax: number
  readonly room: Room
  readonly isStranger: boolean
  /** Whether the answer may depend on the body; asked only of one that does not come in one piece. */
  readonly mayAsk: () => boolean
}

const nothing: Buffer = Buffer.alloc(0)

/**
 * Calls back once: with the whole body, or with why there is none; never, if the caller went away. A body that cannot
 * change the answer is read and not kept, and empty then.
 */
export function gather(parts: GatherParts, done: (body: Buffer | BodyFlaw) => void): void {
  const { request, response, bytesMax } = parts
  const { 'content-length': length, 'transfer-encoding': coding, expect } = request.headers
  const announced = Number(length ?? 0)
  if (coding === undefined && announced === 0) {
    done(nothing)
    return
  }
  if (announced > bytesMax && (expect !== undefined || announced > bytesMax + discardedMax)) {
    response.shouldKeepAlive = false
    done('too-large')
    return
  }
  if (expect !== undefined) response.writeContinue()
  take(parts, done)
}

function take(parts: GatherParts, done: (body: Buffer | BodyFlaw) => void): void {
  const { request, response, bytesMax, mayAsk } = parts
  const pieces = new Pieces(parts.room, parts.isStranger)
  let size = 0
  /** Instead of the body, where it is not kept. */
  let instead: BodyFlaw | Buffer | undefined
  const drop = (given: BodyFlaw | Buffer) => {
    instead = given
    pieces.end()
  }
  const finish = () => {
    clearTimeout(timer)
    request.off('data', add).off('end', finish).off('close', leave)
    const bytes = pieces.end()
    done(instead ?? bytes)
  }
  const abandon = (flaw: BodyFlaw) => {
    response.shouldKeepAlive = false
    drop(flaw)
    finish()
  }
  const add = (chunk: Buffer) => {
    const isFirst = size === 0
    size += chunk.length
    if (size > bytesMax + discardedMax) abandon('too-large')
    else if (size > bytesMax) drop('too-large')
    else if (instead === undefined) {
      if (!isFirst && !mayAsk()) drop(nothing)
      else if (!pieces.add(chunk)) {
        // Read to its end all the same: who is cut off while it writes never reads that it should come again.
        response.shouldKeepAlive = false
        drop('no-room')
      }
    }
  }
  const leave = () => {
    clearTimeout(timer)
    pieces.end()
  }
  const timer = setTimeout(() => abandon('too-slow'), deadlineMs)
  request.on('data', add).on('end', finish).on('close', leave)
}

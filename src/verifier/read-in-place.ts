// For each read a socket of Node's takes 64 KB from the system and makes a buffer of what came, which costs more than
// judging what it says. A client's socket can be told to read into one buffer again and again; an accepted one cannot
// be, so it is made anew around the handle of the accepted one. That leans on what Node does not document: where
// something else is found than is known, sockets stay as they are.

import { Socket } from 'node:net'

/** Of all sockets of a thread: a read is over before there is another. */
const shared = Buffer.allocUnsafeSlow(65_536)

/**
 * Makes a socket of an accepted one, which must not be used any more; `undefined` where that one is to go on. Each read
 * is given to `take`, for as long as the call lasts; what it does not take comes out of the socket like everywhere.
 */
export function readInPlace(accepted: Socket, take: (bytes: Buffer) => boolean) {
  const handle: unknown = Reflect.get(accepted, '_handle')
  if (accepted.constructor !== Socket || !canReadInPlace(handle)) return undefined
  const onread = {
    buffer: shared,
    callback(length: number) {
      const bytes = shared.subarray(0, length)
      return take(bytes) || socket.push(Buffer.from(bytes))
    },
  }
  Reflect.set(accepted, '_handle', null)
  const options = { handle, allowHalfOpen: accepted.allowHalfOpen, onread }
  const socket: Socket = Reflect.construct(Socket, [options])
  // Its server counts the accepted one.
  socket.once('close', () => accepted.destroy())
  return socket
}

const canReadInPlace = (handle: unknown) =>
  typeof handle === 'object' && handle !== null && 'useUserBuffer' in handle && 'onread' in handle

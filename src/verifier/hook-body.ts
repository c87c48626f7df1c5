import type { ServerResponse } from 'node:http'
import type { HookRequest } from './hook-request.ts'
import type { HookLimits } from './thread-setup.ts'

const deadlineMs = 5000

/**
 * Reads the body of a hook, whose gateway has all of it before it asks, throws it away, and goes on. A body that is too
 * large or does not come in time changes no decision; but the answer is then the last one on its connection.
 */
export function afterBody(
  request: HookRequest,
  response: ServerResponse,
  { bodyBytes }: Pick<HookLimits, 'bodyBytes'>,
  goOn: () => void,
): void {
  const { isLast, forNode } = request.head
  if (!isLast) {
    goOn()
    return
  }
  const giveUp = () => {
    response.shouldKeepAlive = false
    finish()
  }
  const finish = () => {
    clearTimeout(late)
    request.off('data', count)
    request.off('end', finish)
    goOn()
  }
  const late = setTimeout(giveUp, deadlineMs)
  let size = 0
  const count = (chunk: Buffer) => {
    size += chunk.length
    if (size > bodyBytes) giveUp()
  }
  // Whoever waits for a 100 waits for nothing: no gateway can use one. And what follows an upgrade is no body.
  const isBody = forNode.expect === undefined && forNode.upgrade === undefined
  if (!isBody || Number(forNode['content-length'] ?? 0) > bodyBytes) {
    giveUp()
    return
  }
  request.on('data', count)
  request.on('end', finish)
  request.on('close', () => clearTimeout(late))
}

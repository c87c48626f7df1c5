import { FeedTrouble } from './trouble.ts'

const lineBytesMax = 1024 * 1024

/**
 * Groups a stream of bytes into lines, those that came together at once. A whole line has to come within each
 * deadline: bytes that dribble in are no news.
 */
export async function* readLines(
  body: AsyncIterable<Buffer> & { readonly destroy: () => unknown },
  deadlineMs: number,
): AsyncGenerator<readonly string[]> {
  let rest = ''
  let silent = false
  const expire = () => {
    silent = true
    body.destroy()
  }
  let timer = setTimeout(expire, deadlineMs)
  try {
    for await (const chunk of body) {
      const lines = (rest + chunk.toString('latin1')).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > lineBytesMax) throw new FeedTrouble('too-large')
      if (lines.length === 0) continue
      clearTimeout(timer)
      yield lines
      timer = setTimeout(expire, deadlineMs)
    }
  } catch (error) {
    throw silent ? new FeedTrouble('silent') : error
  } finally {
    clearTimeout(timer)
  }
  throw new FeedTrouble(silent ? 'silent' : 'ended')
}

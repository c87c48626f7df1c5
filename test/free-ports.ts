import { once } from 'node:events'
import { createServer } from 'node:net'
import process from 'node:process'

// Below those that the system gives to connections, which could take one before it is needed.
const [lowest, spread] = [20_000, 12_000]
let next = (process.pid * 101) % spread

/** Ports that nobody listens on. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const found: number[] = []
  while (found.length < count) {
    const port = lowest + (next++ % spread)
    if (await isFree(port)) found.push(port)
  }
  return found
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

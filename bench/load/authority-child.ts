// A client in a process of its own, so that its time is not the authority's: asks in so many lanes until told to stop
// by the clock, and prints how long each answer took.
import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'
import process from 'node:process'

interface Order {
  readonly url: string
  readonly token: string
  readonly method: string
  readonly paths: readonly string[]
  readonly flight: number
  readonly forMs: number
}

process.on('message', (order: Order) => {
  void run(order).then((tookMs) => process.send?.(tookMs))
})

async function run({ url, token, method, paths, flight, forMs }: Order): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: flight })
  const headers = { authorization: `Bearer ${token}`, 'content-length': '0' }
  const tookMs: number[] = []
  const end = performance.now() + forMs
  let next = 0
  const once = (path: string) =>
    new Promise<void>((resolve, reject) => {
      const asked = performance.now()
      const sent = request(`${url}${path}`, { method, agent, headers }, (response) => {
        response.resume()
        response.on('end', () => {
          tookMs.push(performance.now() - asked)
          if (response.statusCode === 200 || response.statusCode === 201) resolve()
          else reject(new Error(`answered ${response.statusCode}`))
        })
      })
      sent.on('error', reject)
      sent.end()
    })
  const lane = async () => {
    while (performance.now() < end) {
      next += 1
      await once(paths[next % paths.length] ?? '/')
    }
  }
  await Promise.all(Array.from({ length: flight }, lane))
  agent.destroy()
  return tookMs
}

import { join } from 'node:path'
import process from 'node:process'
import { freePort, launchServer } from '../launch.ts'
import { algorithms, joseName, type Algorithm } from '../material.ts'
import { hookRequest, identityHeaders } from '../requests.ts'
import type { Bench, NotRun, Running, Target } from '../target.ts'

const server = join(import.meta.dirname, '../servers/bare-server.ts')

/** node:http that answers and judges nothing: the floor under everything that uses node:http. */
export const bareNode: Target = {
  name: 'bare-node',
  about: 'node:http answering 200 with the identity headers',
  token: { algorithm: 'RS256-3072', expires: false },
  request: hookRequest,
  start: async (bench) => startBare(bench, []),
}

/** node:http that verifies each request's signature and nothing else. */
export const bareVerify: readonly Target[] = algorithms.map((algorithm: Algorithm) => ({
  name: `bare-verify-${algorithm.toLowerCase()}`,
  about: `node:http and crypto.verify on every request, ${algorithm}`,
  token: { algorithm, expires: false },
  request: hookRequest,
  start: async (bench: Bench) => startBare(bench, [bench.material.publicPem, joseName(algorithm)]),
}))

async function startBare(bench: Bench, key: readonly string[]): Promise<Running | NotRun> {
  const port = await freePort()
  const words = [process.execPath, server, `${port}`, JSON.stringify(identityHeaders), ...key]
  return launchServer(words, port, { core: bench.core })
}

import { join } from 'node:path'
import process from 'node:process'
import { coresFrom, freePort, launchServer } from '../launch.ts'
import { algorithms, joseName, type Algorithm } from '../material.ts'
import { hookRequest, identityHeaders, sidebandRequest } from '../requests.ts'
import type { Bench, NotRun, Running, Target } from '../target.ts'

const server = join(import.meta.dirname, '../servers/bare-server.ts')
const echoServer = join(import.meta.dirname, '../servers/echo-server.ts')

/** node:http that answers and judges nothing: the floor under everything that uses node:http. */
export const bareNode: Target = {
  name: 'bare-node',
  about: 'node:http answering 200 with the identity headers',
  token: { algorithm: 'RS256-3072', expires: false },
  request: hookRequest,
  start: async (bench) => startBare(bench, 1, []),
}

/** The same on two threads: what a second worker costs on a machine where the load shares the core of one. */
export const bareTwoWorkers: Target = {
  ...bareNode,
  name: 'bare-node-two-workers',
  about: 'the same on two threads and two cores',
  start: async (bench) => startBare(bench, 2, []),
}

/** node:http that answers a body by the same body: the floor under doors that are asked by one. */
export const barePost: Target = {
  name: 'bare-post',
  about: 'node:http answering a POST of 1 KiB by its body',
  token: { algorithm: 'RS256-3072', expires: false },
  request: sidebandRequest,
  start: async (bench) => {
    const port = await freePort()
    return launchServer([process.execPath, echoServer, `${port}`], port, { core: bench.core })
  },
}

/** node:http that verifies each request's signature and nothing else. */
export const bareVerify: readonly Target[] = algorithms.map((algorithm: Algorithm) => ({
  name: `bare-verify-${algorithm.toLowerCase()}`,
  about: `node:http and crypto.verify on every request, ${algorithm}`,
  token: { algorithm, expires: false },
  request: hookRequest,
  start: async (bench: Bench) =>
    startBare(bench, 1, [bench.material.publicPem, joseName(algorithm)]),
}))

async function startBare(
  bench: Bench,
  threads: number,
  key: readonly string[],
): Promise<Running | NotRun> {
  const port = await freePort()
  const about = [`${port}`, JSON.stringify(identityHeaders), `${threads}`, ...key]
  const core = coresFrom(bench.core, threads)
  return launchServer([process.execPath, server, ...about], port, { core })
}

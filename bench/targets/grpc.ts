import { join } from 'node:path'
import process from 'node:process'
import { freePort, launchServer } from '../launch.ts'
import { checkAllowed, checkCall } from '../requests.ts'
import type { Bench, Target } from '../target.ts'

const server = join(import.meta.dirname, '../servers/grpc-server.ts')

/** gRPC servers that judge nothing: what a Check costs before anything is done for it. */
export const bareGrpc: readonly Target[] = (['grpc-js', 'http2'] as const).map((kind) => ({
  name: `bare-${kind}`,
  about: `${kind === 'http2' ? 'node:http2' : 'grpc-js'} answering every Check by the same allow`,
  token: { algorithm: 'RS256-3072', expires: false },
  request: checkCall,
  start: async (bench: Bench) => {
    const port = await freePort()
    const words = [process.execPath, server, `${port}`, kind, checkAllowed]
    return launchServer(words, port, { core: bench.core })
  },
}))

import { writeFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { join } from 'node:path'
import process from 'node:process'
import { outputOf } from '../launch.ts'
import type { BenchRequest } from '../target.ts'
import { callOf, makeCall } from './grpc-calls.ts'
import type { LoadGenerator, LoadResult } from './load.ts'

const child = join(import.meta.dirname, 'grpc-child.ts')

/** A client of our own on node:http2, ten calls at a time on each connection, on the load's core. */
export const grpcLoad: LoadGenerator = {
  name: 'grpc',
  speaks: 'grpc',
  available: () => true,
  run: async (load) => {
    const file = join(load.folder, 'grpc.json')
    writeFileSync(file, JSON.stringify(load))
    const output = await outputOf([process.execPath, child, file], { core: load.core })
    return JSON.parse(output) as LoadResult
  },
}

/** Makes one call and says how it was answered, in the words of HTTP. */
export async function probeCall(port: number, request: BenchRequest): Promise<string> {
  const session = connect(`http://127.0.0.1:${port}`)
  try {
    const allowed = await new Promise<boolean>((resolve, reject) => {
      session.on('error', reject)
      makeCall(session, callOf(request), resolve)
    })
    return allowed ? '200' : 'no allow'
  } finally {
    session.destroy()
  }
}

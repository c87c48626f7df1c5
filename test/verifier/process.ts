import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { freePorts } from '../free-ports.ts'
import { audience, gatewayClaims, issuerKey, issuerName, keySet, signToken } from './issuer.ts'

// A verifier as an operator starts it: a process of its own, with a configuration file.

export interface Started {
  readonly child: ChildProcess
  readonly folder: string
  readonly http: number
  readonly ops: number
  readonly token: () => string
  readonly stderr: () => string
  /** The code that it ended with, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
}

const start = new URL('../../src/start.js', import.meta.url).pathname

/** Starts `warder verifier` in a folder; further lines say more of its listener for decisions. */
export async function startProcess(folder: string, ...more: readonly string[]): Promise<Started> {
  return startIn(process.env, folder, more)
}

/** The same with a module that is loaded into each of its threads. */
export async function startWith(module: URL, folder: string): Promise<Started> {
  return startIn({ ...process.env, NODE_OPTIONS: `--import=${module.href}` }, folder, [])
}

async function startIn(
  env: NodeJS.ProcessEnv,
  folder: string,
  more: readonly string[],
): Promise<Started> {
  const key = issuerKey('key-1')
  const [http = 0, ops = 0] = await freePorts(2)
  writeFileSync(join(folder, 'keys.json'), keySet(key))
  writeFileSync(
    join(folder, 'warder.yaml'),
    [
      'workers: 2',
      'listen:',
      '  http:',
      `    address: 127.0.0.1:${http}`,
      ...more,
      `  ops: 127.0.0.1:${ops}`,
      '  spoe: off',
      'trust:',
      `  - issuer: ${issuerName}`,
      '    jwks: ./keys.json',
      `    audience: ${audience}`,
      '',
    ].join('\n'),
  )
  const child = spawn(process.execPath, [start, 'verifier'], { cwd: folder, env })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal)
  return {
    child,
    folder,
    http,
    ops,
    token: () => signToken(key, gatewayClaims()),
    stderr: () => stderr,
    ended,
  }
}

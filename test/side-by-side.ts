import { spawn } from 'node:child_process'
import process from 'node:process'

/** A program and its words. */
export type Command = readonly [program: string, ...words: string[]]

/** Runs commands at once, prints what each said in one piece, those that failed at the end, and fails if one did. */
export async function runSideBySide(
  commands: readonly Command[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const ended = commands.map((command) => run(command, env))
  const failed: Ended[] = []
  for (const each of ended) {
    const one = await each
    if (one.code === 0) process.stdout.write(one.said)
    else failed.push(one)
  }
  for (const { code, said } of failed) {
    process.stdout.write(said)
    process.exitCode = code
  }
}

/** A test that failed may have left open what keeps its process; what it said must be seen all the same. */
const patienceMs = 240_000

interface Ended {
  readonly code: number
  readonly said: string
}

function run([program, ...words]: Command, env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(program, words, {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: patienceMs,
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const stopped = signal === null ? '' : `ended by ${signal}: ${words.join(' ')}\n`
      resolve({ code: code ?? 1, said: said + stopped })
    })
  })
}

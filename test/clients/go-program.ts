import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

// Programs in Go that use what others have published. Go fetches that, and holds it to the checksums of go.sum.

/** What a program says of one guarantee. */
export interface Check {
  readonly title: string
  /** What speaks against it. */
  readonly problem?: string
}

/** A program that was built. */
export interface GoProgram {
  readonly run: (word: string, env: Readonly<Record<string, string>>) => Promise<readonly Check[]>
  readonly close: () => void
}

/** Why there is no program, and whether that can be put down to what CI installs. */
export interface NotRun {
  readonly notRun: string
  readonly mayBe: boolean
}

// What is built has to be what go.mod names, by the Go that is here.
const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly', GOWORK: 'off' }

/** Builds what lies in a folder. */
export function buildGo(folder: string): GoProgram | NotRun {
  const [, wanted = ''] = /^go (\S+)$/m.exec(readFileSync(join(folder, 'go.mod'), 'utf8')) ?? []
  const had = versionOfGo()
  if (had === undefined) return { notRun: 'go is not installed', mayBe: false }
  if (isOlder(had, wanted)) {
    // Distributions have an older one for years.
    return { notRun: `go is ${had}, and the modules want ${wanted}`, mayBe: true }
  }
  const fetched = spawnSync('go', ['mod', 'download'], { cwd: folder, env, encoding: 'utf8' })
  if (fetched.status !== 0) {
    return { notRun: `go cannot fetch the modules: ${fetched.stderr.trim()}`, mayBe: false }
  }
  const place = mkdtempSync(join(tmpdir(), 'warder-client-'))
  const file = join(place, 'client')
  execFileSync('go', ['build', '-o', file, '.'], { cwd: folder, env, stdio: 'pipe' })
  return { run: runner(file), close: () => rmSync(place, { recursive: true }) }
}

function versionOfGo(): string | undefined {
  const asked = spawnSync('go', ['env', 'GOVERSION'], { cwd: tmpdir(), env, encoding: 'utf8' })
  return /^go(\d+(\.\d+)*)/.exec(asked.stdout)?.[1]
}

function isOlder(had: string, wanted: string): boolean {
  return had.localeCompare(wanted, 'en', { numeric: true }) < 0
}

function runner(file: string): GoProgram['run'] {
  return (word, given) =>
    new Promise((resolve, reject) => {
      const options = { env: { ...process.env, ...given }, timeout: 120_000 }
      execFile(file, [word], options, (error, out, err) => {
        if (error) reject(new Error(`the client ended with ${error.code}: ${err.slice(-2000)}`))
        else resolve(out.trim().split('\n').map(readCheck))
      })
    })
}

function readCheck(line: string): Check {
  const check: Check = JSON.parse(line)
  return check
}

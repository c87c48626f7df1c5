import { spawnSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import process from 'node:process'

/** Where and with what a run was measured. */
export interface Circumstances {
  readonly date: string
  readonly commit: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryBytes: number
    readonly kernel: string
    readonly loadAverage: number
  }
  readonly versions: Readonly<Record<string, string>>
}

/** Whether a program can be started by its name. */
export function installed(program: string): boolean {
  return spawnSync(program, ['-v'], { stdio: 'ignore' }).error === undefined
}

/** Describes the machine, its programs and the commit. */
export function circumstances(): Circumstances {
  const processors = cpus()
  return {
    date: new Date().toISOString(),
    commit: commit(),
    machine: {
      cpu: processors[0]?.model ?? 'unknown',
      cores: processors.length,
      memoryBytes: totalmem(),
      kernel: `${type()} ${release()}`,
      loadAverage: loadavg()[0] ?? 0,
    },
    versions: {
      node: process.versions.node,
      openssl: process.versions.openssl,
      haproxy: version('haproxy', ['-v'], /version (\S+)/),
      nginx: version('nginx', ['-v'], /nginx\/(\S+)/),
      wrk: version('wrk', ['-v'], /^wrk (?:debian\/)?(\S+)/),
    },
  }
}

function version(program: string, args: readonly string[], pattern: RegExp): string {
  return pattern.exec(output(program, args))?.[1] ?? 'not installed'
}

function commit(): string {
  const head = output('git', ['rev-parse', '--short', 'HEAD']).trim()
  const changed = output('git', ['status', '--porcelain']).trim() !== ''
  return head === '' ? 'unknown' : `${head}${changed ? ' and changes' : ''}`
}

function output(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  return `${stdout ?? ''}${stderr ?? ''}`
}

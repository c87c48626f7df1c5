import { statSync } from 'node:fs'
import type { Server } from 'node:net'
import { dirname } from 'node:path'
import { printAddress } from '../config/address.ts'
import { claim, listen } from './listening.ts'
import type { ListenAt } from './thread-setup.ts'

/** An address cannot be listened at; the message is one line for the operator. */
export class ListenRefused extends Error {
  override readonly name = 'ListenRefused'
  /** That of the system's error. */
  readonly code: string

  constructor(message: string, code: string) {
    super(message)
    this.code = code
  }
}

/** What is wrong with an address, and what to do about it beside naming another. */
type Problem = readonly [problem: string, fix?: string]

const reasons: ReadonlyMap<string, Problem> = new Map([
  ['EADDRINUSE', ['is taken', 'free it']],
  ['EADDRNOTAVAIL', ['is not of this machine']],
  ['ENOTFOUND', ['has a name that nobody knows']],
  ['EACCES', ['is not for this user', 'give this user the right to it']],
  ['EPERM', ['is not for this user', 'give this user the right to it']],
])

/** The name of a listener in the configuration. */
export function listenerKey(name: string): string {
  return name.startsWith('doors.') ? `${name}.listen` : `listen.${name}`
}

/** Says which listener cannot have its address and why, and the setting that names another. */
export function listenRefused(key: string, at: ListenAt, code: string): ListenRefused {
  const [problem, fix] = socketProblem(at, code) ??
    reasons.get(code) ?? [`cannot be listened at (${code})`]
  const instead = `set --${key.replaceAll('.', '-')} to another address`
  const todo = fix === undefined ? instead : `${fix}, or ${instead}`
  return new ListenRefused(`${key}: ${printAddress(at)} ${problem}: ${todo}`, code)
}

/** What only a Unix socket can lack; the system tells of a missing folder as of a missing right. */
function socketProblem(at: ListenAt, code: string): Problem | undefined {
  if (at.kind === 'tcp') return undefined
  if (code === 'EINVAL') return ['is too long for the path of a socket']
  const folder = dirname(at.path)
  try {
    if (statSync(folder, { throwIfNoEntry: false })) return undefined
  } catch {
    return undefined
  }
  return ['has no folder to be in', `make ${folder}`]
}

/** Claims the address of a listener; rejects with a `ListenRefused`. */
export function claimFor(key: string, at: ListenAt): Promise<void> {
  return claim(at).catch(refuse(key, at))
}

/** Has a server listen; rejects with a `ListenRefused`. */
export function listenFor(key: string, server: Server, at: ListenAt): Promise<number | undefined> {
  return listen(server, at).catch(refuse(key, at))
}

function refuse(key: string, at: ListenAt): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw listenRefused(key, at, String(error.code))
  }
}

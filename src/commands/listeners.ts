import { printAddress } from '../config/address.ts'
import type { Config } from '../config/schema.ts'
import { claim } from '../verifier/listening.ts'
import { codeOf } from './failed.ts'

/** A listener of a process that runs. */
export type ListenerName = 'http' | 'grpc' | 'spoe' | 'authority' | 'ops'

/** An address cannot be listened at; the message is one line for the operator. */
class ListenRefused extends Error {
  override readonly name = 'ListenRefused'
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'is taken'],
  ['EADDRNOTAVAIL', 'is not of this machine'],
  ['EACCES', 'is not for this user'],
])

/** Says which address cannot be had, and the setting that names another. */
export function listenRefused(config: Config, name: ListenerName, error: unknown): Error {
  const code = codeOf(error)
  const reason = reasons.get(code) ?? `cannot be listened at (${code})`
  const at = printAddress(config.listen[name].address)
  return new ListenRefused(`${at} ${reason}: free it, or set --listen-${name} to another address`)
}

/** Makes sure that all addresses can be had, before anything else is begun. */
export async function claimAll(config: Config, names: readonly ListenerName[]): Promise<void> {
  for (const name of names) {
    const { address } = config.listen[name]
    if (address.kind === 'off') continue
    try {
      await claim(address)
    } catch (error) {
      throw listenRefused(config, name, error)
    }
  }
}

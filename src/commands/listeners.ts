import type { ListenerName } from '../verifier/thread-setup.ts'
import { claimFor, listenerKey } from '../verifier/listen-refused.ts'
import type { ListenerSettings } from '../verifier/verifier.ts'

/** The listeners of a process, by their names. */
export type Listeners = Readonly<
  Partial<Record<ListenerName | 'authority' | 'ops', ListenerSettings | undefined>>
>

/** Makes sure that all addresses can be had, before anything else is begun. */
export async function claimAll(listeners: Listeners): Promise<void> {
  for (const [name, listener] of Object.entries(listeners)) {
    if (listener) await claimFor(listenerKey(name), listener.at)
  }
}

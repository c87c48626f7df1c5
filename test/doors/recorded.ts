import { readFileSync } from 'node:fs'
import type { AskedRequest, CarrierReason } from '../../src/decision/question.ts'

/** One request exactly as a real gateway sent it, and what a door must make of it. */
export interface RecordedHook {
  readonly case: string
  readonly gateway: string
  readonly door: 'nginx' | 'forward'
  /** What it asks about; `null` where the gateway left something out. */
  readonly request: AskedRequest | null
  /** The token that stands in it, or what is wrong with how it does. */
  readonly credential: 'GATEWAY_CREDENTIAL' | CarrierReason
  readonly bearer: 'tok' | CarrierReason
  /** Whether the connection must end with the answer. */
  readonly closes: boolean
  readonly lines: readonly string[]
}

/** Every recorded hook. */
export function recordedHooks(): readonly RecordedHook[] {
  const file = new URL('../cases/dumps/gateway-hooks.json', import.meta.url)
  const hooks: readonly RecordedHook[] = JSON.parse(readFileSync(file, 'utf8'))
  return hooks
}

/** The bytes of a hook, with a token in the place of the credential. */
export function bytesOf({ lines }: RecordedHook, token: string): Buffer {
  const text = [...lines, '', ''].join('\r\n')
  return Buffer.from(text.replaceAll('GATEWAY_CREDENTIAL', token), 'latin1')
}

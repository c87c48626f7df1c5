import assert from 'node:assert/strict'
import { client, type Seen } from './client.ts'
import type { Gateway } from './gateway.ts'
import type { Town } from './town.ts'

/** A gateway between everything else. */
export interface Scene {
  readonly town: Town
  readonly gateway: Gateway
  /** Where it listens with a credential that stays live: `standing`, of `gw-7`. */
  readonly port: number
  /** Says what was counted. */
  readonly note: (text: string) => void
}

export interface Case {
  readonly title: string
  readonly run: (scene: Scene) => Promise<void>
}

export const hello = client('GET /app/hello?q=1 HTTP/1.1')

/** Holds that a request passed, with the identity of the gateway that everybody is. */
export function assertPassed({ status, body }: Seen): void {
  assert.equal(status, 200)
  assert.match(body, /^x-warder-gateway-id: gw-7\r?$/im)
  assert.match(body, /^x-warder-credential-id: standing\r?$/im)
}

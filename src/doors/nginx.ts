// nginx `auth_request`: X-Original-* are set by the configuration, so that no client's copy gets through. nginx
// passes on 401 and 403, without a body, and turns every other refusal into 500.

import { createHookDoor } from './hook-door.ts'
import { single } from './header-reader.ts'
import type { DoorSettings, HttpDoor } from './http-door.ts'

/** Makes the door `/auth/nginx`. */
export function createNginxDoor(settings: DoorSettings): HttpDoor {
  return createHookDoor(settings, {
    name: 'nginx',
    original: ['X-Original-URI', 'X-Original-Method', 'X-Original-Host', 'X-Original-Scheme'],
    address: 'X-Real-IP',
    addressOf: single,
    status: ({ status }) => (status === 400 ? 401 : status),
    body: 'none',
  })
}

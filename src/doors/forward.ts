// Forward authentication as Caddy, Traefik, APISIX and our scripts for HAProxy and Apache speak it: X-Forwarded-*
// are overwritten by the gateway, and its client is answered with whatever the refusal carries.

import { createHookDoor } from './hook-door.ts'
import { rightmost } from './header-reader.ts'
import type { DoorSettings, HttpDoor } from './http-door.ts'

/** Makes the door `/auth/forward`. */
export function createForwardDoor(settings: DoorSettings): HttpDoor {
  return createHookDoor(settings, {
    name: 'forward',
    original: ['X-Forwarded-Uri', 'X-Forwarded-Method', 'X-Forwarded-Host', 'X-Forwarded-Proto'],
    address: 'X-Forwarded-For',
    addressOf: rightmost,
    status: ({ status }) => status,
    body: 'json',
  })
}

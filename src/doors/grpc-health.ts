// grpc.health.v1.Health/Check: the request names a service in field 1, the answer says a status in field 1.

import { messageForm, Wire } from './wire.ts'

interface Named {
  service: string
}

const form = messageForm<Named>({
  number: 1,
  read({ bytes, at }, end, named) {
    named.service = bytes.toString('latin1', at, end)
    return true
  },
})

const known = new Set(['', 'envoy.service.auth.v3.Authorization'])

/** Whether it is asked about the whole server or about the one service that it has; `undefined` when malformed. */
export function asksOfKnownService(message: Buffer): boolean | undefined {
  const named: Named = { service: '' }
  const isGood = new Wire(message).message(form, message.length, named)
  return isGood ? known.has(named.service) : undefined
}

/** The answer, each byte a character. */
export const healthMessages = { serving: '\u0008\u0001', notServing: '\u0008\u0002' } as const

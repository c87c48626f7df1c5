// Envoy's `ext_authz` over HTTP, also as Istio and the Gateway API speak it: the client's method, target and Host, the
// target behind a prefix. The prefix is taken off as text; nothing is decoded, and nothing is routed by.

import { askedRequest } from './asked.ts'
import { createAnswerWording } from './http-answer.ts'
import { rightmost, single } from './header-reader.ts'
import { createQuestionReader, type DoorSettings, type HttpDoor } from './http-door.ts'

/** What stands in front of the original target. */
export const envoyPrefix = '/auth/envoy'

/** Makes the door `/auth/envoy/…`. */
export function createEnvoyDoor(settings: DoorSettings): HttpDoor {
  const reader = createQuestionReader(settings, ['Host', 'X-Forwarded-Proto', 'X-Forwarded-For'])
  return {
    name: 'envoy',
    rules: settings,
    read({ method, url, rawHeaders }) {
      const fields = reader.fields(rawHeaders)
      const [hostField, schemeField, addressField] = fields
      const target = originalTarget(url)
      const host = single(hostField)
      // Envoy tells it only where the configuration lists the header; whatever looks at it gets an empty one otherwise.
      const scheme = single(schemeField) ?? ''
      const whole = target !== undefined && host !== undefined
      const request = whole
        ? askedRequest({ method, target, host, scheme, address: rightmost(addressField) })
        : undefined
      return reader.question(fields, target, request)
    },
    answer: createAnswerWording({ status: ({ status }) => status, body: 'json' }),
  }
}

/** The target behind the prefix: a path, or the asterisk of `OPTIONS *`. */
function originalTarget(url: string): string | undefined {
  const target = url.slice(envoyPrefix.length)
  return target.startsWith('/') || target === '*' ? target : undefined
}

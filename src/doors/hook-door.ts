import { askedRequest } from './asked.ts'
import { createAnswerWording, type RefusalForm } from './http-answer.ts'
import { createQuestionReader, type DoorSettings, type HttpDoor } from './http-door.ts'
import { single, type Field } from './header-reader.ts'

/** How a gateway puts the original request into the headers of a hook, a request of its own. */
export interface HookForm extends RefusalForm {
  readonly name: HttpDoor['name']
  /** The headers with the original target, method, host and scheme: all four, or the question is incomplete. */
  readonly original: readonly [target: string, method: string, host: string, scheme: string]
  readonly address: string
  readonly addressOf: (field: Field) => string | undefined
}

/** Makes a door whose gateway asks by a hook. The hook's own method, query and Host mean nothing. */
export function createHookDoor(settings: DoorSettings, form: HookForm): HttpDoor {
  const reader = createQuestionReader(settings, [...form.original, form.address])
  return {
    name: form.name,
    rules: settings,
    read({ rawHeaders }) {
      const fields = reader.fields(rawHeaders)
      const [uri, methodField, hostField, schemeField, addressField] = fields
      const target = typeof uri === 'string' && uri !== '' ? uri : undefined
      const method = single(methodField)
      const host = single(hostField)
      const scheme = single(schemeField)
      const whole = target !== undefined && method && host && scheme
      const request = whole
        ? askedRequest({ method, target, host, scheme, address: form.addressOf(addressField) })
        : undefined
      return reader.question(fields, target, request)
    },
    answer: createAnswerWording(form),
  }
}

import { inspect } from 'node:util'

const shown = '[secret]'

/** A text that only `reveal` gives away: printing, logging, serializing or inspecting it does not. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
    Object.freeze(this)
  }

  /** The text itself, for the one place that needs it. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return shown
  }

  toJSON(): string {
    return shown
  }

  [inspect.custom](): string {
    return shown
  }
}

// What a secret looks like when it stands where none belongs: credentials in a URL, an enrolment, a token.
const secretLooking = [/(?<=\/\/).*(?=@)/gs, /(?<=wv1\.)\S+/g, /(?<=eyJ)\S+/g]

/** Hides in a text what looks like a secret. */
function mask(text: string): string {
  return secretLooking.reduce((masked, pattern) => masked.replace(pattern, '***'), text)
}

/** Quotes what somebody wrote, shortened and masked, so that they recognize it. */
export function quote(written: unknown): string {
  const masked = mask(typeof written === 'string' ? written : JSON.stringify(written))
  const short = masked.length > 60 ? `${masked.slice(0, 60)}…` : masked
  return typeof written === 'string' ? JSON.stringify(short) : short
}

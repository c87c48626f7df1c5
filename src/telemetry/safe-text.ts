declare const safe: unique symbol

/** A text that may be logged. */
export type SafeText = string & { readonly [safe]: true }

interface Probe {
  readonly probe?: never
}

// The type of a text that stands in the source asks for one key of its own; that of a computed one is a pattern, which
// something without keys fits.
type Literal<S extends string> = Pick<Probe, 'probe'> extends Record<S, 1> ? never : S

/** What may be logged as it is: numbers, truth values, texts of the source, and texts that were made safe. */
type Loggable<T> = T extends SafeText
  ? T
  : T extends string
    ? Literal<T>
    : T extends number | boolean | null | undefined
      ? T
      : never

/** Fields of a log line, each of them safe. */
export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Refuses, when compiled, the fields that are not safe. */
export type SafeFields<F> = { readonly [K in keyof F]: Loggable<F[K]> }

/** Refuses, when compiled, a message that is not a text of the source. */
export type SafeMessage<M extends string> = Literal<M>

// A compact JWS, an enrolment, a user in a URL: whatever name it was given, it is not a name.
const secretLooking = /[\w-]{4,}\.[\w-]{4,}\.[\w-]*|wv1\.|\/\/[^/]*@/
// Names of hosts and files look like a JWS too, but for its beginning, which is that of a JSON object.
const secretInSetting = /e[w-z\d_-][\w-]{17,}\.[\w-]{4,}\.[\w-]*|wv1\.|\/\/[^/]*@/
const longest = 200

function isSafe(text: string, secret: RegExp): text is SafeText {
  return /^[\x20-\x7e]*$/.test(text) && text.length <= longest && !secret.test(text)
}

function make(text: string, secret = secretLooking): SafeText {
  const visible = text.replace(/[^\x20-\x7e]/g, '?').slice(0, longest)
  const shown = secret.test(text) ? '[removed]' : visible
  if (!isSafe(shown, secret)) throw new TypeError('a text was not made safe')
  return shown
}

/** Lets an identifier or a name be logged: visible ASCII, at most 200 characters, nothing that looks like a secret. */
export function identifier(text: string): SafeText {
  return make(text)
}

/** Lets what the configuration names be logged: a file, an issuer, an address. */
export function setting(text: string): SafeText {
  return make(text, secretInSetting)
}

// The message of an error can quote what it stumbled over; its class, code and the place in the source cannot.
function placeOf({ name, message, stack = '' }: Error): string {
  const head = message === '' ? name : `${name}: ${message}`
  if (!stack.startsWith(head)) return ''
  const [, frame = ''] = /^\n +at ([^\n]+)/.exec(stack.slice(head.length)) ?? []
  const [place = ''] = /[^/\\() ]+:\d+:\d+/.exec(frame) ?? []
  return place === '' ? '' : ` at ${place}`
}

/** Lets an error be logged: its class, its code and where it arose, without its message. */
export function failure(error: unknown): SafeText {
  if (!(error instanceof Error)) return make('not an error')
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : ''
  return make(`${error.name}${code}${placeOf(error)}`)
}

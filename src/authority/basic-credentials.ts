// RFC 6749 section 2.3.1: both parts are form-urlencoded, joined by a colon, and then base64 (RFC 7617).

/** Who a client says it is. */
export interface BasicCredentials {
  readonly clientId: string
  readonly secret: string
}

const form = /^basic +([A-Za-z0-9+/]+={0,2})$/i
const lengthMax = 1024

/** Reads the one `Authorization: Basic` of a request. */
export function readBasic(authorization: readonly string[]): BasicCredentials | undefined {
  const [value = '', ...others] = authorization
  const [, encoded] = form.exec(value) ?? []
  if (others.length > 0 || encoded === undefined || encoded.length > lengthMax) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  const clientId = decode(text.slice(0, colon))
  const secret = decode(text.slice(colon + 1))
  const whole = colon > 0 && clientId !== undefined && secret !== undefined
  return whole ? { clientId, secret } : undefined
}

function decode(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '))
    return decoded.includes('\0') ? undefined : decoded
  } catch {
    return undefined
  }
}

import type { CarrierReason, Presented } from '../decision/question.ts'
import { doubled, type Field } from './header-reader.ts'

/** Where a door looks for the gateway's credential. */
export interface Carrier {
  readonly kind: 'client-token' | 'bearer'
  /** The header names that are accepted for it, or, with a bearer, that must not be used beside it. */
  readonly headers: readonly string[]
}

const flaws = {
  missing: flaw('credential-missing'),
  doubled: flaw('credential-doubled'),
  malformed: flaw('credential-malformed'),
  misplaced: flaw('credential-misplaced'),
}

function flaw(kind: CarrierReason): Presented {
  return Object.freeze({ kind })
}

export const { missing, misplaced } = flaws

/** Reads the value of a header that carries a token and nothing else. */
export function presentedToken(field: Field): Presented {
  if (field === doubled) return flaws.doubled
  if (field === undefined || field === '') return flaws.missing
  return field.includes(',') ? flaws.doubled : { kind: 'token', token: field }
}

const bearer = /^bearer +(?<token>\S+)$/i

/** Reads the value of an `Authorization` header. */
export function presentedBearer(field: Field): Presented {
  if (field === doubled) return flaws.doubled
  if (field === undefined || field === '') return flaws.missing
  if (field.includes(',')) return flaws.doubled
  const token = bearer.exec(field)?.groups?.['token']
  return token === undefined ? flaws.malformed : { kind: 'token', token }
}

/** Reads a bearer where the names of other carriers may not stand beside it. */
export function presentedBearerAlone(field: Field, other: Field): Presented {
  const presented = presentedBearer(field)
  return other === undefined || other === '' || presented === flaws.missing
    ? presented
    : flaws.doubled
}

/** What is presented at a door that stands for one gateway: that gateway's own credential, and no other beside it. */
export function presentedBound(inQuestion: Presented, token: string | undefined): Presented {
  if (inQuestion.kind !== 'credential-missing') return flaws.doubled
  return token === undefined ? flaws.missing : { kind: 'token', token }
}

/** Says whether a credential's name stands where none may be: in a query, or in a cookie. */
export interface MisplacedCredential {
  readonly inQuery: (target: string) => boolean
  readonly inCookie: (cookie: string) => boolean
}

/** Makes the check for a list of header names. */
export function createMisplacedCredential(headers: readonly string[]): MisplacedCredential {
  const names = new Set(headers.map((name) => name.toLowerCase()))
  const isName = (text: string) => names.has(decoded(text).trim().toLowerCase())
  // Nearly every text is done with after this one look.
  const suspicious = new RegExp([...names].map(escaped).concat('%').join('|'), 'i')
  return {
    inQuery(target) {
      const start = target.indexOf('?')
      if (start === -1) return false
      const query = target.slice(start + 1)
      return suspicious.test(query) && nameStandsIn(query, /[&;]/, isName)
    },
    // Gateways join the lines of several cookies by semicolons or commas.
    inCookie: (cookie) => suspicious.test(cookie) && nameStandsIn(cookie, /[;,]/, isName),
  }
}

const escaped = (name: string) => name.replace(/[^\w-]/g, '\\$&')

function nameStandsIn(text: string, separator: RegExp, isName: (name: string) => boolean): boolean {
  return text.split(separator).some((part) => {
    const end = part.indexOf('=')
    return isName(end === -1 ? part : part.slice(0, end))
  })
}

function decoded(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Another spelling of one part of a token that is otherwise what it was. */
export interface Respelling {
  readonly part: 'header' | 'payload' | 'signature'
  readonly how: keyof typeof ways
  readonly text?: string
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Spells a part in another way; a recipe that would change nothing is a mistake. */
export function respell(part: string, { how, text = '' }: Respelling): string {
  const other = ways[how](part, text)
  if (other === part) throw new TypeError(`${how} leaves the spelling as it was`)
  return other
}

const ways = {
  append: (part: string, text: string) => part + text,
  prepend: (part: string, text: string) => text + part,
  insert: (part: string, text: string) => {
    const middle = Math.floor(part.length / 8) * 4
    return part.slice(0, middle) + text + part.slice(middle)
  },
  // Nothing changes where the last character carries no unused bit.
  'unused-bits': (part: string) => {
    const last = alphabet.indexOf(part.charAt(part.length - 1))
    return part.length % 4 === 0 ? part : part.slice(0, -1) + alphabet.charAt(last ^ 1)
  },
  'standard-alphabet': (part: string) => part.replaceAll('-', '+').replaceAll('_', '/'),
  'percent-encoded': (part: string) => `${part.slice(0, -1)}%${hexOf(part.at(-1))}`,
  truncate: (part: string) => part.slice(0, -1),
}

const hexOf = (character = '') => character.charCodeAt(0).toString(16)

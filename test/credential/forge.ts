import { createHmac, sign, type KeyObject } from 'node:crypto'
import { respell, type Respelling } from './respell.ts'
import { treat, type Treatment } from './treatment.ts'

// From a recipe to the text of a token. A recipe is data: the same one forges against a function, a socket or a
// gateway, given the keys and claims of the installation that is attacked. Nothing of Warder is used here.
//
// Every text in a recipe is a template:
//   ${name}             a value of the moment: a claim or header member of the honest token, `other.iss`, `pem`, …
//   ${repeat:COUNT:X}   X, COUNT times
//   ${hex:6A7B}         bytes, in `text`, `first`, `last`, `before` and `after` of a part
//   ${now:-60}          the time of the test and so many seconds

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }
type JsonRecord = Readonly<Record<string, Json>>

/** Whoever can sign: the installation, another issuer, or somebody whom nobody trusts. */
export interface Signer {
  readonly issuer: string
  readonly kid: string | undefined
  readonly algorithm: 'RS256' | 'ES256' | 'EdDSA'
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** What is attacked. */
export interface Target {
  readonly now: number
  readonly signers: Readonly<Record<string, Signer>>
  /** The header and the claims of an honest token. */
  readonly honest: (kind: string, signer: Signer) => { header: JsonRecord; payload: JsonRecord }
}

/** What is changed in a header or a payload. */
interface PartRecipe {
  readonly set?: JsonRecord
  readonly remove?: readonly string[]
  /** Raw text behind the opening brace, and in front of the closing one. */
  readonly first?: string
  readonly last?: string
  /** Raw text around the whole. */
  readonly before?: string
  readonly after?: string
  /** Raw text instead of the whole. */
  readonly text?: string
  readonly encoding?: 'utf16le'
}

export interface Recipe {
  readonly kind?: 'gateway' | 'client' | 'administrator' | 'status-list'
  readonly key?: string
  readonly header?: PartRecipe
  readonly payload?: PartRecipe
  readonly signature?: Treatment
  readonly spelling?: Respelling
  /** The whole text; `${token}`, `${header}`, `${payload}` and `${signature}` are what was forged so far. */
  readonly token?: string
}

/** Forges a token. */
export function forge(recipe: Recipe, target: Target): string {
  const signer = target.signers[recipe.key ?? 'EdDSA']
  if (!signer) throw new TypeError(`no signer ${recipe.key}`)
  const honest = target.honest(recipe.kind ?? 'gateway', signer)
  const words = wordsOf(target, signer, honest)
  const honestInput = `${encode(JSON.stringify(honest.header))}.${encode(JSON.stringify(honest.payload))}`
  const signHonest = () => signWith(signer, honestInput)
  if (JSON.stringify(recipe).includes('${honest}')) {
    words.set('honest', `${honestInput}.${signHonest().toString('base64url')}`)
  }
  const spell = spellerOf(recipe.spelling)
  const header = spell('header', partBytes(honest.header, recipe.header, words))
  const payload = spell('payload', partBytes(honest.payload, recipe.payload, words))
  const input = `${header}.${payload}`
  const treated = treat(recipe.signature, {
    signHonest,
    sign: () => signWith(signer, input),
    mac: (hash, secret) => createHmac(hash, secret).update(input).digest(),
    publicKey: signer.publicKey,
  })
  const signature = spell('signature', treated)
  const token = `${input}.${signature}`
  words.set('token', token).set('header', header).set('payload', payload)
  words.set('signature', signature)
  return recipe.token === undefined ? token : fill(recipe.token, words)
}

function signWith({ algorithm, privateKey }: Signer, input: string): Buffer {
  const data = Buffer.from(input, 'latin1')
  if (algorithm === 'EdDSA') return sign(null, data, privateKey)
  return sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
}

/** Encodes parts, the one that is to be respelled in its other way: what is signed is the other spelling. */
function spellerOf(spelling: Respelling | undefined) {
  return (part: Respelling['part'], bytes: Buffer): string => {
    if (spelling?.part !== part) return encode(bytes)
    // A space behind the JSON gives the last character unused bits where it has none.
    const spare = spelling.how === 'unused-bits' && bytes.length % 3 === 0
    return respell(encode(spare ? Buffer.concat([bytes, Buffer.from(' ')]) : bytes), spelling)
  }
}

function encode(bytes: Buffer | string): string {
  return Buffer.from(bytes).toString('base64url')
}

type Words = Map<string, string>

function wordsOf(
  { now, signers }: Target,
  signer: Signer,
  { header, payload }: { header: JsonRecord; payload: JsonRecord },
): Words {
  const words: Words = new Map()
  for (const [name, value] of Object.entries({ ...header, ...payload })) {
    if (typeof value !== 'object') words.set(name, `${value}`)
  }
  for (const [name, other] of Object.entries(signers)) {
    words.set(`${name}.iss`, other.issuer).set(`${name}.kid`, other.kid ?? '')
  }
  words.set('jwk', JSON.stringify(signer.publicKey.export({ format: 'jwk' })))
  words.set('now', `${now}`)
  return words
}

function partBytes(honest: JsonRecord, recipe: PartRecipe = {}, words: Words): Buffer {
  const members = { ...honest }
  for (const name of recipe.remove ?? []) delete members[name]
  Object.assign(members, fillValue(recipe.set ?? {}, words))
  const json = JSON.stringify(members)
  const { first = '', last = '', before = '', after = '', encoding } = recipe
  const whole = (text: string) => (encoding ? Buffer.from(text, encoding) : fillBytes(text, words))
  if (recipe.text !== undefined) return whole(recipe.text)
  return Buffer.concat([
    whole(`${before}{${first}`),
    encoding ? Buffer.from(json.slice(1, -1), encoding) : Buffer.from(json.slice(1, -1)),
    whole(`${last}}${after}`),
  ])
}

/** Fills every text of a value; a text that is nothing but a time becomes a number. */
function fillValue(value: Json, words: Words): Json {
  if (typeof value === 'string') {
    const time = /^\$\{now:(-?[\d.]+)\}$/.exec(value)?.[1]
    return time === undefined ? fill(value, words) : Number(words.get('now')) + Number(time)
  }
  if (typeof value !== 'object' || value === null) return value
  if (isList(value)) return value.map((item) => fillValue(item, words))
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [fill(name, words), fillValue(item, words)]),
  )
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

function fill(template: string, words: Words): string {
  return template.replaceAll(/\$\{([^}]+)\}/g, (_, body: string) => wordOf(body, words))
}

function wordOf(body: string, words: Words): string {
  const [name = '', argument = '', unit = ''] = body.split(':')
  if (name === 'repeat') return unit.repeat(Number(argument))
  const word = words.get(name)
  if (word === undefined) throw new TypeError(`nothing is called ${body}`)
  return name === 'now' ? `${Number(word) + Number(argument)}` : word
}

function fillBytes(template: string, words: Words): Buffer {
  const pieces = template.split(/\$\{hex:([\dA-Fa-f]*)\}/)
  return Buffer.concat(
    pieces.map((piece, index) =>
      index % 2 === 1 ? Buffer.from(piece, 'hex') : Buffer.from(fill(piece, words)),
    ),
  )
}

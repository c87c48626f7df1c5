// Where an issuer's keys come from: a watched file, or a URL that is fetched in the background. Either way the last
// good set stays in force until a better one has been read whole.

import { request } from 'undici'
import type { Algorithm } from '../credential/algorithm.ts'
import { importKeySet, type KeySet } from '../credential/key-set.ts'
import { parseJsonObject } from '../credential/strict-json.ts'
import { codeOf } from '../system/error-code.ts'

export type KeySetReading =
  | { readonly kind: 'keys'; readonly set: KeySet }
  | { readonly kind: 'broken'; readonly problem: string }

/** Reads a JWK set; one whose keys are all unusable is broken, one that lists none at all means just that. */
export async function readKeySet(
  bytes: Buffer,
  allowed: readonly Algorithm[],
): Promise<KeySetReading> {
  const value = parseJsonObject(bytes)
  const set = value && (await importKeySet(value, allowed))
  if (!set) return broken('is not a JWK set')
  return set.keys.length === 0 && set.unusable.length > 0
    ? broken('has no key that can be used')
    : { kind: 'keys', set }
}

function broken(problem: string): KeySetReading {
  return { kind: 'broken', problem }
}

const bytesMax = 256 * 1024
const usualDeadlineMs = 5000

/** Fetches a JWK set: within a deadline for the whole of it, bounded in size, without following a redirect. */
export async function fetchKeySet(
  url: string,
  allowed: readonly Algorithm[],
  deadlineMs = usualDeadlineMs,
): Promise<KeySetReading> {
  try {
    const answer = await request(url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      signal: AbortSignal.timeout(deadlineMs),
    })
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of answer.body) {
      const part: Buffer = chunk
      bytes += part.length
      // Leaving the loop closes the connection.
      if (bytes > bytesMax) return broken('is larger than 256 KiB')
      chunks.push(part)
    }
    if (answer.statusCode !== 200) return broken(`was answered with status ${answer.statusCode}`)
    return await readKeySet(Buffer.concat(chunks), allowed)
  } catch (error) {
    return broken(`cannot be fetched (${codeOf(error)})`)
  }
}

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parseJsonObject } from '../../src/credential/strict-json.ts'

/** Valid objects that are refused on purpose: they name a member twice. */
const ambiguous = new Set([
  'y_object_duplicated_key.json',
  'y_object_duplicated_key_and_value.json',
  'y_object_escaped_null_in_key.json',
])

/** JSONTestSuite: what is no JSON is refused (`n_`), valid objects are accepted (`y_`), the rest may be either. */
export function jsonTestSuite(folder: string): void {
  describe('JSONTestSuite', () => {
    for (const name of readdirSync(folder).toSorted()) {
      const bytes = readFileSync(join(folder, name))
      const isObject = bytes.toString('utf8').trim().startsWith('{')
      const accepted = name.startsWith('y_') && isObject && !ambiguous.has(name)
      if (name.startsWith('i_')) {
        test(`${name}: answered`, () => assert.doesNotThrow(() => parseJsonObject(bytes)))
        continue
      }
      test(`${name}: ${accepted ? 'accepted' : 'refused'}`, () => {
        assert.equal(parseJsonObject(bytes) !== undefined, accepted)
      })
      // A value of any kind, as a member: now what is valid must be accepted, be it an object or not.
      const member = Buffer.concat([Buffer.from('{"member":'), bytes, Buffer.from('}')])
      const valid = name.startsWith('y_') && !ambiguous.has(name)
      test(`${name} as a member: ${valid ? 'accepted' : 'refused'}`, () => {
        assert.equal(parseJsonObject(member) !== undefined, valid)
      })
    }
  })
}

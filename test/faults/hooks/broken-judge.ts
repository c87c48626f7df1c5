// Breaks what threads judge with, while the file that FAULTS_BREAK names is there: `throw` makes the verification of a
// signature throw, `reject` leaves a rejected promise behind in the thread, `end` throws where nobody catches it.
import { existsSync, readFileSync } from 'node:fs'
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import process from 'node:process'
import { isMainThread } from 'node:worker_threads'

const file = process.env['FAULTS_BREAK'] ?? ''
const { verify } = crypto

if (!isMainThread) {
  Object.assign(crypto, {
    verify(...words: Parameters<typeof verify>) {
      const how = existsSync(file) ? readFileSync(file, 'utf8') : ''
      if (how === 'throw') throw new Error('secret-of-the-inside')
      if (how === 'reject') void Promise.reject(new Error('secret-of-the-inside'))
      if (how === 'end') {
        setImmediate(() => {
          throw new Error('secret-of-the-inside')
        })
      }
      return Reflect.apply(verify, undefined, words)
    },
  })
  syncBuiltinESMExports()
}

// Ends an authority between a commit and the publication of what was committed: when it is about to write the first
// line of a change to a follower, while the file that FAULTS_MUTE names is there.
import { existsSync } from 'node:fs'
import { ServerResponse } from 'node:http'
import process from 'node:process'

const file = process.env['FAULTS_MUTE'] ?? ''
const write = Reflect.get(ServerResponse.prototype, 'write')

function isChange(chunk: unknown): boolean {
  if (typeof chunk !== 'string' || !chunk.startsWith('eyJ')) return false
  const payload = Buffer.from(chunk.split('.')[1] ?? '', 'base64url').toString()
  return payload.includes('"kind":"credential-revoked"')
}

Object.assign(ServerResponse.prototype, {
  write(this: ServerResponse, ...words: Parameters<typeof write>) {
    if (existsSync(file) && isChange(words[0])) process.kill(process.pid, 'SIGKILL')
    return Reflect.apply(write, this, words)
  },
})

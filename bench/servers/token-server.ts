// An authority with one API credential, in a process that can be pinned to a core: says where tokens are to be had, and
// on demand signs with nothing around it, with a key of the same kind, for a second.
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import process from 'node:process'
import { addApiCredential, grantOf } from '../../test/authority/api-clients.ts'
import { openHouse, settingsFor } from '../../test/authority/house.ts'

const bareMs = 1000
const algorithm: 'RS256' | 'ES256' = process.argv[2] === 'ES256' ? 'ES256' : 'RS256'
const folder = mkdtempSync(join(tmpdir(), 'warder-bench-'))
const credentials = { ...settingsFor('').credentials, algorithm }
const house = await openHouse({ dataFolder: folder, settings: { credentials } })
const client = await addApiCredential(house)
const { privateKey } =
  algorithm === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 3072 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })

process.on('message', (asked) => {
  if (asked === 'bare') process.send?.({ bare: bareRate(privateKey) })
  else if (asked === 'used') process.send?.({ used: process.cpuUsage() })
  else void end()
})
process.send?.({ url: `${house.url}/v2/oauth/token`, body: JSON.stringify(grantOf(client)) })

/** Signatures in a second of the processor, of as many bytes as a token has in front of its own. */
function bareRate(key: KeyObject): number {
  const bytes = Buffer.alloc(500, 'a')
  const start = performance.now()
  const before = process.cpuUsage()
  let signatures = 0
  for (; performance.now() - start < bareMs; signatures += 1) {
    sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
  }
  const { user, system } = process.cpuUsage(before)
  return signatures / ((user + system) / 1e6)
}

async function end(): Promise<void> {
  process.disconnect?.()
  await house.close()
  rmSync(folder, { recursive: true })
}

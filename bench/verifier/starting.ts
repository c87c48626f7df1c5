// How soon a verifier that is started allows the first request, with a million revoked ids to know.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startBenchAuthority } from '../feed/authority.ts'
import { revokeMany } from '../feed/revoked-rows.ts'
import { launchBenchVerifier, startBenchVerifier } from '../feed/verifiers.ts'
import { makeMaterial, writeRevoked } from '../material.ts'
import { hookRequest } from '../requests.ts'
import { atMost, inSeconds, type Row, type RowOrder } from '../rows.ts'
import type { Running } from '../target.ts'
import { startAlone } from '../targets/warder.ts'

const million = 1_000_000
const runs = 3

/** From the start of the process to the first request that is allowed. */
export const starting: Row = {
  name: 'starting',
  about: 'from the start of the process to the first allowed request, with 1,000,000 revoked ids',
  run: async (order) => [
    atMost('from a text file to the first allowed request', await fromText(order), 4000, inSeconds),
    atMost('from the state file, and on from there', await fromState(order), 1000, inSeconds),
  ],
}

async function fromText({ folder, quick }: RowOrder): Promise<number> {
  const material = await makeMaterial(folder, { algorithm: 'RS256-3072', expires: false }, 1)
  const list = writeRevoked(folder, quick ? million / 10 : million)
  const bench = { folder, core: 0, material, revoked: () => list }
  return best(async () => untilAllowed(startAlone(bench), material.tokens[0] ?? ''))
}

async function fromState({ folder, quick, say }: RowOrder): Promise<number> {
  const authority = await startBenchAuthority(folder)
  try {
    const [enrolment = ''] = await authority.enrol(1)
    const { path, token } = await authority.addCredential()
    await authority.stop()
    await revokeMany(join(folder, 'data/warder.db'), path, quick ? million / 10 : million)
    await authority.start()
    const own = join(folder, 'verifier')
    const before = await startBenchVerifier(own, enrolment)
    while ((await before.status()).revoked.entries < (quick ? million / 10 : million)) {
      await delay(100)
    }
    await before.close()
    const { size } = statSync(join(own, 'state.1.snapshot'))
    say(`the state file’s snapshot has ${size.toLocaleString('en')} bytes`)
    return await best(async () => untilAllowed(launchBenchVerifier(own, enrolment), token))
  } finally {
    await authority.stop()
  }
}

async function best(once: () => Promise<number>): Promise<number> {
  const took: number[] = []
  while (took.length < runs) took.push(await once())
  return Math.min(...took)
}

/** Milliseconds until the verifier that is starting allows a token. */
async function untilAllowed(launched: Promise<Running>, token: string): Promise<number> {
  const start = performance.now()
  const { port, close } = await launched
  const { path, headers } = hookRequest(token)
  try {
    for (;;) {
      // Whether a port is free is tried before it is listened to, so that it may be closed once more.
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers }).catch(() => null)
      if (answer?.status === 200) return performance.now() - start
      if (answer && answer.status !== 503)
        throw new Error(`a live one is answered ${answer.status}`)
      await delay(5)
    }
  } finally {
    await close()
  }
}

// Writes without end and says each acknowledged name on standard output, until it is killed.
import { randomUUID } from 'node:crypto'
import { writeSync } from 'node:fs'
import process from 'node:process'
import { openStore } from '../../src/store/open.ts'
import { addGateway, addTenant } from './tenants.ts'

const [, , url = ''] = process.argv
const store = await openStore({ url })
const tenant = await addTenant(store)

async function lane(): Promise<never> {
  for (;;) {
    const name = randomUUID()
    await store.write((tx) => addGateway(tx, { ...tenant, name }))
    writeSync(1, `${name}\n`)
  }
}

await Promise.all(Array.from({ length: 16 }, lane))

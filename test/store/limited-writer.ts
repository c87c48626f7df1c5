// Writes under a limit on the size of files until a write fails, then reads, and says what it saw.
import { randomUUID } from 'node:crypto'
import process from 'node:process'
import { StoreUnavailable } from '../../src/store/errors.ts'
import { openStore } from '../../src/store/open.ts'
import { addGateway, addTenant, gatewayNames } from './tenants.ts'

const [, , url = ''] = process.argv
const store = await openStore({ url })
const tenant = await addTenant(store)
const names: string[] = []
let failure: unknown
while (failure === undefined) {
  const name = randomUUID()
  try {
    await store.write((tx) => addGateway(tx, { ...tenant, name }))
    names.push(name)
  } catch (error) {
    failure = error
  }
}
const read = await gatewayNames(store, tenant.environmentId)
process.stdout.write(
  JSON.stringify({
    reason: failure instanceof StoreUnavailable ? failure.reason : 'another error',
    acknowledged: names.length,
    read: read.length,
  }),
)
process.kill(process.pid, 'SIGKILL')

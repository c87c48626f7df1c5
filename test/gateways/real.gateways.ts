import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { cases } from './cases.ts'
import { gateways } from './gateways.ts'
import { versionOf } from './program.ts'
import { openTown } from './town.ts'

// Every gateway that is installed, started from what lies under deploy/gateways/. GATEWAYS=Envoy runs those
// whose names begin so.

const wanted = process.env['GATEWAYS'] ?? ''
const isCi = (process.env['CI'] ?? '') !== ''

test('gateways', async (t) => {
  const town = await openTown()
  t.after(town.close)
  for (const gateway of gateways.filter(({ name }) => name.startsWith(wanted))) {
    const version = versionOf(gateway.program, gateway.versionArguments)
    if (version === undefined) {
      const why = `not run: ${gateway.program} is not installed`
      if (isCi && gateway.inCi) await t.test(gateway.name, () => assert.fail(why))
      else await t.test(gateway.name, { skip: why }, () => {})
      continue
    }
    await t.test(`${gateway.name} ${version}`, async (one) => {
      const port = await town.start(gateway, town.token({ jti: 'standing', sub: 'gw-7' }))
      for (const { title, run } of cases) {
        await one.test(title, async (each) => {
          await run({ town, gateway, port, note: (text) => each.diagnostic(text) })
        })
      }
      await town.clear()
    })
  }
})

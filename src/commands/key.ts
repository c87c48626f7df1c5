import process from 'node:process'
import { createInterface } from 'node:readline/promises'
import { appliedOf, tellApplied } from './applied.ts'
import { pathTo, withManagement, type Management } from './management.ts'
import type { Order } from './command.ts'
import { CommandFailed } from './failed.ts'
import { cellOf, withoutLinks, type Tree } from './reading.ts'
import { columns, plain, show, tell } from './terminal.ts'

const names = ['kid', 'alg', 'state', 'createdAt', 'liveCredentials']

async function pathOf(order: Order, api: Management): Promise<string> {
  return `${await api.organization()}/${order.has('feed') ? 'feedKeys' : 'keys'}`
}

function table(keys: readonly Tree[]): string {
  return columns(
    names,
    keys.map((key) => names.map((name) => cellOf(key, name))),
  )
}

/** Lists the signing keys. */
export function listKeys(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const keys: Tree[] = []
    for await (const key of api.list(await pathOf(order, api), 'keys')) keys.push(withoutLinks(key))
    show(order, keys, () => table(keys))
  })
}

/** Brings in a new signing key. */
export function rotateKey(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const alg = order.value('algorithm')
    const { body } = await api.ask(
      'POST',
      await pathOf(order, api),
      alg === undefined ? {} : { alg },
    )
    const key = withoutLinks(body)
    show(order, key, () => table([key]))
    if (order.has('feed'))
      tell('it signs the feed from now on; verifiers learn of it by themselves')
    else if (key['state'] === 'active')
      tell('it signs from now on; credentials of the one before go on counting')
    else tell('it is published, and signs as soon as every verifier knows it')
  })
}

/** Retires a signing key; what it has signed is refused from then on. */
export function retireKey(order: Order): Promise<number> {
  const kid = order.arg(0)
  return withManagement(order, async (api) => {
    const path = `${await pathOf(order, api)}${pathTo(kid)}`
    if (!order.has('yes')) await confirmRetiring(kid, await endingWith(order, api, path))
    const answer = await api.ask('POST', `${path}${pathTo('retire')}`, {})
    const key = withoutLinks(answer.body)
    show(order, { ...key, ...appliedOf(answer) }, () => table([key]))
    if (!order.has('feed'))
      tell(`${cellOf(key, 'endedCredentials')} live credentials ended with it`)
    tellApplied(appliedOf(answer))
  })
}

async function endingWith(order: Order, api: Management, path: string): Promise<string> {
  if (order.has('feed')) return 'what the feed has signed with it is believed no more'
  return `${cellOf((await api.ask('GET', path)).body, 'liveCredentials')} live credentials end with it`
}

/** It cannot be taken back, so the one who types has to have read how much ends. */
async function confirmRetiring(kid: string, ending: string): Promise<void> {
  const ends = `the key ${plain(kid)} is retired for good: ${ending}`
  if (!process.stdin.isTTY) throw new CommandFailed(`${ends}; add --yes if that is meant`)
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const typed = await lines
      .question(`${ends}. Type the first four letters of the key to go on: `)
      .catch(() => undefined)
    if (typed?.trim() !== kid.slice(0, 4)) throw new CommandFailed('nothing was retired')
  } finally {
    lines.close()
  }
}

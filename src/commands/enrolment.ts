import { pathTo, withManagement, type Management } from './management.ts'
import type { Order } from './command.ts'
import { cellOf, textOf, withoutLinks, type Tree } from './reading.ts'
import { columns, show, showOnce, tell } from './terminal.ts'

async function pathOf(api: Management): Promise<string> {
  return `${await api.organization()}/verifiers`
}

/** Enrols a verifier and prints the enrolment, which nobody will see again. */
export function enrolVerifier(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const environmentIds = await Promise.all(order.values('environment').map(api.findEnvironment))
    const bounds = environmentIds.length === 0 ? {} : { environmentIds }
    const { body } = await api.ask('POST', await pathOf(api), { name: order.arg(0), ...bounds })
    const [id, enrolment] = [textOf(body, 'id'), textOf(body, 'enrolment')]
    if (!order.has('json'))
      tell(`verifier ${id} is enrolled; set WARDER_ENROLMENT to this, shown this once:`)
    showOnce(order, { id, enrolment }, enrolment)
  })
}

async function members(api: Management): Promise<readonly Tree[]> {
  const verifiers: Tree[] = []
  for await (const verifier of api.list(await pathOf(api), 'verifiers')) {
    verifiers.push(withoutLinks(verifier))
  }
  return verifiers
}

function table(names: readonly string[], verifiers: readonly Tree[]): string {
  return columns(
    names,
    verifiers.map((verifier) => names.map((name) => cellOf(verifier, name))),
  )
}

/** Lists the enrolled verifiers. */
export function listVerifiers(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    // The verifier inside "warder serve" is in the fleet without being enrolled.
    const enrolled = (await members(api)).filter(({ createdAt }) => createdAt !== undefined)
    show(order, enrolled, () => table(['id', 'name', 'environmentIds', 'createdAt'], enrolled))
  })
}

/** Lists the fleet: who verifies, and how far each has come. */
export function listFleet(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const fleet = await members(api)
    const names = ['name', 'revision', 'freshness', 'version', 'lastSeenAt', 'instances']
    show(order, fleet, () => table(names, fleet))
  })
}

/** Revokes an enrolment. */
export function revokeVerifier(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const id = order.arg(0)
    await api.ask('DELETE', `${await pathOf(api)}${pathTo(id)}`)
    show(order, { id }, () => `${id} is revoked\n`)
  })
}

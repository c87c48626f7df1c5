import { appliedOf, tellApplied } from './applied.ts'
import { CommandFailed } from './failed.ts'
import { findGateway, gatewaysPath } from './gateway-finding.ts'
import { withManagement, type Management } from './management.ts'
import type { Order } from './command.ts'
import { cellOf, textOf, treeOf, treesOf, withoutLinks, type Tree } from './reading.ts'
import { columns, facts, printJson, show, showOnce, tell } from './terminal.ts'

/** Adds a gateway and prints its first credential, which nobody will see again. */
export function addGateway(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const description = order.value('description')
    const asked = api.ask('POST', gatewaysPath(api), {
      name: order.arg(0),
      type: order.value('type') ?? 'API_GATEWAY_INTEGRATION',
      ...(description === undefined ? {} : { description }),
      ...(order.has('no-credential') ? { createCredential: false } : {}),
    })
    const { body } = await asked.catch((error: unknown) => thereAlready(error, order.arg(0)))
    const { _embedded: _, ...gateway } = withoutLinks(body)
    const [first] = treesOf(treeOf(body, '_embedded'), 'credentials').map(withoutLinks)
    const isJson = order.has('json')
    if (!isJson) {
      tell(
        `gateway ${textOf(gateway, 'id')} is there; it asks at ${cellOf(gateway, 'httpAccessApiUrl')}`,
      )
    }
    if (first === undefined) {
      if (isJson) printJson({ gateway })
      return
    }
    if (!isJson) tell(`credential ${textOf(first, 'id')}, shown this once:`)
    showOnce(order, { gateway, credential: first }, textOf(first, 'credential'))
  })
}

/** Who adds a gateway a second time wants its credential. */
function thereAlready(error: unknown, name: string): never {
  if (!(error instanceof CommandFailed) || !error.message.includes('UNIQUENESS_VIOLATION')) {
    throw error
  }
  const fix = `"warder credential add ${name}" adds a credential to the gateway that is there`
  throw new CommandFailed(`${error.message}\n  ${fix}`, { cause: error })
}

/** Lists the gateways of the environment. */
export function listGateways(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const gateways: Tree[] = []
    for await (const gateway of api.list(gatewaysPath(api), 'gateways')) {
      gateways.push(withoutLinks(gateway))
    }
    const names = ['id', 'name', 'type', 'enabled', 'createdAt']
    show(order, gateways, () =>
      columns(
        names,
        gateways.map((gateway) => names.map((name) => cellOf(gateway, name))),
      ),
    )
  })
}

/** Shows a gateway. */
export function showGateway(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    printGateway(order, (await findGateway(api, order.arg(0))).gateway)
  })
}

function printGateway(order: Order, body: Tree): void {
  const gateway = withoutLinks(body)
  const names = ['id', 'name', 'description', 'type', 'enabled', 'createdAt', 'updatedAt']
  const shown = [...names, 'httpAccessApiUrl'].filter((name) => gateway[name] !== undefined)
  show(order, gateway, () =>
    facts(Object.fromEntries(shown.map((name) => [name, cellOf(gateway, name)]))),
  )
}

/** Renames or describes a gateway. */
export function updateGateway(order: Order): Promise<number> {
  const [name, description] = [order.value('name'), order.value('description')]
  if (name === undefined && description === undefined) {
    tell('warder: nothing to change: give --name or --description')
    return Promise.resolve(2)
  }
  return replace(order, {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
  })
}

/** Lets the credentials of a gateway count again. */
export function enableGateway(order: Order): Promise<number> {
  return replace(order, { enabled: true })
}

/** Has the credentials of a gateway refused until it is enabled again. */
export function disableGateway(order: Order): Promise<number> {
  return replace(order, { enabled: false })
}

/** The API replaces a gateway as a whole, so what is not changed is said again. */
function replace(order: Order, changes: Tree): Promise<number> {
  return withManagement(order, async (api) => {
    const { gateway, path } = await findGateway(api, order.arg(0))
    const { name, type, description } = gateway
    const answer = await api.ask('PUT', path, { name, type, description, ...changes })
    printGateway(order, answer.body)
    tellApplied(appliedOf(answer))
  })
}

/** Deletes a gateway; its credentials are refused from then on. */
export function deleteGateway(order: Order): Promise<number> {
  return withManagement(order, async (api: Management) => {
    const { gateway, path } = await findGateway(api, order.arg(0))
    const answer = await api.ask('DELETE', path)
    const applied = appliedOf(answer)
    const id = textOf(gateway, 'id')
    show(order, { id, ...applied }, () => `${id} is deleted\n`)
    tellApplied(applied)
  })
}

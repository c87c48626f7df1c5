import { CommandFailed } from './failed.ts'
import { isId, pathTo, type Management } from './management.ts'
import { textOf, type Tree } from './reading.ts'

/** A gateway and where it is. */
export interface FoundGateway {
  readonly gateway: Tree
  readonly path: string
}

/** The path of the gateways of the environment. */
export function gatewaysPath({ environmentId }: Management): string {
  return pathTo('v1', 'environments', environmentId, 'gateways')
}

/** The path of a gateway. */
export function gatewayPath(api: Management, id: string): string {
  return `${gatewaysPath(api)}${pathTo(id)}`
}

/** Finds a gateway by its id or its name. */
export async function findGateway(api: Management, named: string): Promise<FoundGateway> {
  if (isId(named)) {
    const path = gatewayPath(api, named)
    return { gateway: (await api.ask('GET', path)).body, path }
  }
  for await (const gateway of api.list(gatewaysPath(api), 'gateways')) {
    if (gateway['name'] === named) return { gateway, path: gatewayPath(api, textOf(gateway, 'id')) }
  }
  throw new CommandFailed(
    'there is no gateway of that name in this environment: "warder gateway list" shows those that there are',
  )
}

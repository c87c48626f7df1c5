import { pathTo, withManagement } from './management.ts'
import type { Order } from './command.ts'
import { cellOf, withoutLinks, type Tree } from './reading.ts'
import { columns, facts, show } from './terminal.ts'

/** Adds an environment. */
export function addEnvironment(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const description = order.value('description')
    const asked = { name: order.arg(0), ...(description === undefined ? {} : { description }) }
    const { body } = await api.ask('POST', `${await api.organization()}/environments`, asked)
    const environment = withoutLinks(body)
    show(order, environment, () =>
      facts({ id: cellOf(environment, 'id'), name: cellOf(environment, 'name') }),
    )
  })
}

/** Lists the environments that the administrator may see. */
export function listEnvironments(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const found: Tree[] = []
    for await (const environment of api.list(pathTo('v1', 'environments'), 'environments')) {
      found.push(withoutLinks(environment))
    }
    const names = ['id', 'name', 'enabled', 'createdAt']
    show(order, found, () =>
      columns(
        names,
        found.map((environment) => names.map((name) => cellOf(environment, name))),
      ),
    )
  })
}

import { pathTo, withManagement, type Management } from './management.ts'
import type { Order } from './command.ts'
import { cellOf, textOf, withoutLinks, type Tree } from './reading.ts'
import { columns, show, showOnce, tell } from './terminal.ts'

async function pathOf(api: Management): Promise<string> {
  return `${await api.organization()}/administrators`
}

/** Adds an administrator and prints the secret, which nobody will see again. */
export function addAdmin(order: Order): Promise<number> {
  const role = order.value('role')
  if (role === undefined) {
    tell(
      'warder: --role is missing: organization-admin, environment-admin, api-credentials-editor or viewer',
    )
    return Promise.resolve(2)
  }
  return withManagement(order, async (api) => {
    const bound = order.has('environment') ? { environmentId: api.environmentId } : {}
    const asked = { name: order.arg(0), role, ...bound }
    const { body } = await api.ask('POST', await pathOf(api), asked)
    const [id, clientId] = [textOf(body, 'id'), textOf(body, 'clientId')]
    const clientSecret = textOf(body, 'clientSecret')
    if (!order.has('json'))
      tell(`administrator ${id} signs in as client ${clientId}; the secret, shown this once:`)
    showOnce(order, { id, clientId, clientSecret }, clientSecret)
  })
}

/** Lists the administrators of the organization. */
export function listAdmins(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const admins: Tree[] = []
    for await (const admin of api.list(await pathOf(api), 'administrators')) {
      admins.push(withoutLinks(admin))
    }
    const names = ['id', 'name', 'role', 'environmentId', 'clientId', 'lastUsedAt']
    show(order, admins, () =>
      columns(
        names,
        admins.map((admin) => names.map((name) => cellOf(admin, name))),
      ),
    )
  })
}

/** Revokes an administrator. */
export function revokeAdmin(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const id = order.arg(0)
    await api.ask('DELETE', `${await pathOf(api)}${pathTo(id)}`)
    show(order, { id }, () => `${id} is revoked\n`)
  })
}

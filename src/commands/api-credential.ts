import { appliedOf, tellApplied } from './applied.ts'
import type { Order } from './command.ts'
import { CommandFailed } from './failed.ts'
import { pathTo, withManagement, type Answer, type Management } from './management.ts'
import { cellOf, textOf, withoutLinks, type Tree } from './reading.ts'
import { columns, show, showOnce, tell } from './terminal.ts'

const names = ['id', 'name', 'clientId', 'primary', 'lastUsedAt', 'previousSecretExpiresAt']

/** Adds an API credential and prints its secret, which nobody will see again. */
export function addApiCredential(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const asked = {
      name: order.arg(0),
      ...listOf(order, 'scope', 'scopes'),
      ...listOf(order, 'address', 'allowedAddresses'),
    }
    showSecret(order, await api.ask('POST', await pathOf(api), asked))
  })
}

/** Lists the API credentials of the organization. */
export function listApiCredentials(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const all = await listed(api)
    show(order, all, () =>
      columns(
        names,
        all.map((one) => names.map((name) => cellOf(one, name))),
      ),
    )
  })
}

/** Renames an API credential. */
export function renameApiCredential(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const path = await findPath(api, order.arg(0))
    const { body } = await api.ask('PATCH', path, { name: order.arg(1) })
    show(order, withoutLinks(body), () => `${cellOf(body, 'id')} is ${cellOf(body, 'name')} now\n`)
  })
}

/** Gives an API credential a new secret and prints it. */
export function rotateApiCredential(order: Order): Promise<number> {
  const overlap = order.value('overlap')
  if (overlap !== undefined && !/^\d{1,9}$/.test(overlap)) {
    tell('warder: --overlap is a number of seconds')
    return Promise.resolve(2)
  }
  return withManagement(order, async (api) => {
    const path = await findPath(api, order.arg(0))
    const answer = await api.ask('POST', `${path}/rotate`, {
      overlapSeconds: Number(overlap ?? 0),
      revokeTokens: order.has('revoke-tokens'),
    })
    showSecret(order, answer)
    const end = answer.body['previousSecretExpiresAt']
    if (typeof end === 'string') tell(`the secret of before is accepted until ${end}`)
    else tell('the secret of before is refused from now on')
    tellApplied(appliedOf(answer))
  })
}

/** Makes an API credential the primary one. */
export function makeApiCredentialPrimary(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const path = await findPath(api, order.arg(0))
    const { body } = await api.ask('POST', `${path}/primary`, {})
    show(order, withoutLinks(body), () => `${cellOf(body, 'name')} is the primary one now\n`)
  })
}

/** Deletes an API credential; its tokens end with it. */
export function deleteApiCredential(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const path = await findPath(api, order.arg(0))
    const answer = await api.ask('DELETE', path)
    const id = path.slice(path.lastIndexOf('/') + 1)
    show(order, { id, ...appliedOf(answer) }, () => `${id} is deleted, its tokens are refused\n`)
    tellApplied(appliedOf(answer))
  })
}

async function pathOf(api: Management): Promise<string> {
  return `${await api.organization()}/apiCredentials`
}

async function listed(api: Management): Promise<readonly Tree[]> {
  const all: Tree[] = []
  for await (const one of api.list(await pathOf(api), 'apiCredentials')) {
    all.push(withoutLinks(one))
  }
  return all
}

/** The path of the one that is named by its id, its client id or its name. */
async function findPath(api: Management, named: string): Promise<string> {
  const all = await listed(api)
  const meant =
    all.find((one) => one['id'] === named || one['clientId'] === named) ??
    all.find((one) => one['name'] === named)
  if (!meant) {
    throw new CommandFailed(
      `there is no API credential ${JSON.stringify(named)}: "warder api-credential list" shows all`,
    )
  }
  return `${await pathOf(api)}${pathTo(textOf(meant, 'id'))}`
}

function listOf(order: Order, flag: string, member: string): Tree {
  return order.has(flag) ? { [member]: order.values(flag) } : {}
}

function showSecret(order: Order, answer: Answer): void {
  const { body } = answer
  const [clientId, clientSecret] = [textOf(body, 'clientId'), textOf(body, 'clientSecret')]
  if (!order.has('json'))
    tell(`client ${clientId} of audience ${cellOf(body, 'audience')}; the secret, shown this once:`)
  showOnce(order, { ...withoutLinks(body), ...appliedOf(answer) }, clientSecret)
}

import { appliedOf, tellApplied } from './applied.ts'
import { CommandFailed } from './failed.ts'
import { findGateway, gatewayPath, gatewaysPath } from './gateway-finding.ts'
import { isId, pathTo, withManagement, type Management } from './management.ts'
import type { Order } from './command.ts'
import { readSecret } from './secret-input.ts'
import { cellOf, readTree, textOf, withoutLinks, type Tree } from './reading.ts'
import { columns, show, showOnce, tell } from './terminal.ts'

/** Adds a credential and prints it; the ones of before go on counting. */
export function addCredential(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const { path } = await findGateway(api, order.arg(0))
    const { body } = await api.ask('POST', `${path}/credentials`, {})
    const [id, createdAt] = [textOf(body, 'id'), textOf(body, 'createdAt')]
    const credential = textOf(body, 'credential')
    if (!order.has('json')) tell(`credential ${id}, shown this once:`)
    showOnce(order, { id, createdAt, credential }, credential)
  })
}

/** Lists the live credentials of a gateway. */
export function listCredentials(order: Order): Promise<number> {
  return withManagement(order, async (api) => {
    const { path } = await findGateway(api, order.arg(0))
    const credentials = await credentialsAt(api, path)
    const names = ['id', 'createdAt', 'lastUsedAt', 'uses']
    show(order, credentials, () =>
      columns(
        names,
        credentials.map((credential) => names.map((name) => cellOf(credential, name))),
      ),
    )
  })
}

async function credentialsAt(api: Management, path: string): Promise<readonly Tree[]> {
  const credentials: Tree[] = []
  for await (const credential of api.list(`${path}/credentials`, 'credentials')) {
    credentials.push(withoutLinks(credential))
  }
  return credentials
}

interface Place {
  readonly id: string
  /** The path of its gateway. */
  readonly path: string
}

/** Revokes a credential. */
export function revokeCredential(order: Order): Promise<number> {
  const [id, file] = [order.argIfAny(0), order.value('file')]
  if ((id === undefined) === (file === undefined)) {
    tell('warder: name the credential by its id, or by a file that holds it with --file')
    return Promise.resolve(2)
  }
  return withManagement(order, async (api) => {
    const place =
      file === undefined ? await findById(api, order, id ?? '') : await readPlace(api, file)
    const answer = await api.ask('DELETE', `${place.path}/credentials${pathTo(place.id)}`)
    const applied = appliedOf(answer)
    const revokedAt = new Date(answer.header('date') ?? '').toISOString()
    show(order, { id: place.id, revokedAt, ...applied }, () => `${place.id} is revoked\n`)
    tellApplied(applied)
  })
}

const gatewaysAtOnce = 8

/** The API has credentials under their gateways, so all of these are looked through where none is named. */
async function findById(api: Management, order: Order, id: string): Promise<Place> {
  if (!isId(id)) {
    throw new CommandFailed(
      'a credential is revoked by its id, which "warder credential list GATEWAY" shows; one that is in a file, with --file FILE',
    )
  }
  const named = order.value('gateway')
  if (named !== undefined) return { id, path: (await findGateway(api, named)).path }
  let some: string[] = []
  for await (const gateway of api.list(gatewaysPath(api), 'gateways')) {
    some.push(gatewayPath(api, textOf(gateway, 'id')))
    if (some.length < gatewaysAtOnce) continue
    const path = await findAmong(api, some, id)
    if (path !== undefined) return { id, path }
    some = []
  }
  const path = await findAmong(api, some, id)
  if (path !== undefined) return { id, path }
  throw new CommandFailed(
    `no gateway of this environment has a live credential ${id}: it was revoked before, or is of another --environment`,
  )
}

async function findAmong(
  api: Management,
  paths: readonly string[],
  id: string,
): Promise<string | undefined> {
  const found = await Promise.all(
    paths.map(async (path) => {
      const credentials = await credentialsAt(api, path)
      return credentials.some((credential) => credential['id'] === id)
    }),
  )
  return paths.find((_, place) => found[place])
}

/** Reads from a credential which one it is. It is sent nowhere; that it is no forgery is for the authority to know. */
async function readPlace(api: Management, file: string): Promise<Place> {
  const token = await readSecret(file)
  const [, payload = ''] = token.split('.')
  const claims = readTree(Buffer.from(payload, 'base64url').toString()) ?? {}
  const [id, gatewayId] = [claims['jti'], claims['gatewayId']]
  if (typeof id !== 'string' || typeof gatewayId !== 'string' || !isId(id) || !isId(gatewayId)) {
    throw new CommandFailed(`what --file names holds no credential of a gateway`)
  }
  if (claims['environmentId'] !== api.environmentId) {
    throw new CommandFailed(
      `this credential is of another environment: add --environment ${cellOf(claims, 'environmentId')}`,
    )
  }
  return { id, path: gatewayPath(api, gatewayId) }
}

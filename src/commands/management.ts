// The management API, spoken to over HTTP as any other client would.

import { findAccess, type Access } from './access.ts'
import { createCaller, type Caller, type Sent } from './calling.ts'
import { codeOf } from '../system/error-code.ts'
import { CommandFailed, reported } from './failed.ts'
import type { Order } from './command.ts'
import { readTree, textOf, treeOf, treesOf, type Tree } from './reading.ts'
import { describeRefusal } from './refusal.ts'

/** What the API answered. */
export interface Answer {
  readonly body: Tree
  readonly header: (name: string) => string | undefined
}

/** The management API as the commands use it; everything throws `CommandFailed` where it does not do what was asked. */
export interface Management {
  /** Of the environment that is managed. */
  readonly environmentId: string
  /** The path of the organization. */
  readonly organization: () => Promise<string>
  /** The id of an environment that is named by its id or its name. */
  readonly findEnvironment: (named: string) => Promise<string>
  readonly ask: (method: Sent['method'], path: string, body?: Tree) => Promise<Answer>
  /** All elements of a list, page after page. */
  readonly list: (path: string, name: string) => AsyncGenerator<Tree>
}

const pageSize = 500

/** Opens the API for one command and says what went wrong, if something does. Resolves to the exit code. */
export function withManagement(
  order: Order,
  work: (api: Management) => Promise<void>,
): Promise<number> {
  return reported(async () => {
    const access = findAccess(order)
    const caller = createCaller(access)
    try {
      const ask = await signIn(access, caller)
      const wanted = order.knows('environment') ? order.value('environment') : undefined
      const environmentId =
        wanted === undefined ? access.environmentId : await findEnvironment(ask, wanted)
      await work(managementOf(ask, access, environmentId))
    } finally {
      caller.close()
    }
  })
}

type Ask = Management['ask']

/** Signs in, and again when the token has run out. */
async function signIn(access: Access, caller: Caller): Promise<Ask> {
  let bearer = await buyBearer(access, caller)
  const ask: Ask = (method, path, body) =>
    send(access, caller, {
      method,
      path,
      headers: {
        authorization: bearer,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
  return async (...asked) => {
    try {
      return await ask(...asked)
    } catch (error) {
      if (!(error instanceof CommandFailed) || error.status !== 401) throw error
      bearer = await buyBearer(access, caller)
      return ask(...asked)
    }
  }
}

async function buyBearer(access: Access, caller: Caller): Promise<string> {
  const { clientId, clientSecret, environmentId } = access
  const basic = Buffer.from(`${clientId}:${clientSecret.reveal()}`).toString('base64')
  const bought = await send(access, caller, {
    method: 'POST',
    path: pathTo(environmentId, 'as', 'token'),
    headers: {
      authorization: `Basic ${basic}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials',
  })
  return `Bearer ${textOf(bought.body, 'access_token')}`
}

async function send(access: Access, caller: Caller, sent: Sent): Promise<Answer> {
  const { path, headers } = sent
  const asked = { ...sent, headers: { accept: 'application/json', ...headers } }
  const { status, header, text } = await attempt(access, () => caller.call(asked))
  const tree = text === '' ? {} : readTree(text)
  const isRefusal = status >= 300
  if (!tree || (isRefusal && typeof tree['code'] !== 'string')) {
    throw new CommandFailed(
      `${access.url} answered ${status} with something that is not the management API's: correct WARDER_URL`,
    )
  }
  const wasToken = path.endsWith('/as/token')
  if (isRefusal) {
    const context = { status, retryAfter: header('retry-after'), from: access.from }
    const refusal = describeRefusal(tree, { ...context, wasToken })
    throw new CommandFailed(refusal, { status })
  }
  return { body: tree, header }
}

async function attempt<T>({ url }: Access, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = error instanceof Error && error.name === 'AggregateError' ? '' : codeOf(error)
    throw new CommandFailed(
      `the authority at ${url} cannot be reached (${code}): start it with "warder serve", or set WARDER_URL to where it is`,
      { cause: error },
    )
  }
}

/** A path of parts, none of which can be more than one. */
export function pathTo(...parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`
}

async function* list(ask: Ask, path: string, name: string): AsyncGenerator<Tree> {
  const separator = path.includes('?') ? '&' : '?'
  for (let next: string | undefined = `${path}${separator}limit=${pageSize}`; next;) {
    const { body } = await ask('GET', next)
    yield* treesOf(treeOf(body, '_embedded'), name)
    const link = treeOf(treeOf(body, '_links'), 'next')['href']
    // Only the query of the link: the token goes nowhere but to where it was bought.
    const query = typeof link === 'string' ? URL.parse(link)?.search : undefined
    next = query ? `${path.split('?')[0]}${query}` : undefined
  }
}

async function findEnvironment(ask: Ask, wanted: string): Promise<string> {
  if (isId(wanted)) return wanted
  const filter = encodeURIComponent(`name eq ${JSON.stringify(wanted)}`)
  for await (const found of list(ask, `/v1/environments?filter=${filter}`, 'environments')) {
    return textOf(found, 'id')
  }
  throw new CommandFailed(
    `there is no environment of that name: "warder environment list" shows those that there are`,
  )
}

/** Whether a word is an id rather than a name. */
export function isId(word: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(word)
}

function managementOf(ask: Ask, access: Access, environmentId: string): Management {
  let organization: string | undefined
  return {
    environmentId,
    findEnvironment: (named) => findEnvironment(ask, named),
    ask,
    list: (path, name) => list(ask, path, name),
    async organization() {
      if (organization === undefined) {
        const { body } = await ask('GET', pathTo('v1', 'environments', access.environmentId))
        const id = textOf(treeOf(body, 'organization'), 'id')
        organization = pathTo('v1', 'organizations', id)
      }
      return organization
    },
  }
}

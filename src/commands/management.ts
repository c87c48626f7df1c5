// The management API, spoken to over HTTP as any other client would.

import { Agent, request } from 'undici'
import { findAccess, type Access } from './access.ts'
import { codeOf, CommandFailed, reported } from './failed.ts'
import type { Order } from './command.ts'
import { readTree, textOf, treeOf, treesOf, type Tree } from './reading.ts'
import { describeRefusal } from './refusal.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

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
  readonly ask: (method: Method, path: string, body?: Tree) => Promise<Answer>
  /** All elements of a list, page after page. */
  readonly list: (path: string, name: string) => AsyncGenerator<Tree>
}

// Longer than the longest revocation.wait.
const deadlineMs = 90_000
const pageSize = 500

/** Opens the API for one command and says what went wrong, if something does. Resolves to the exit code. */
export function withManagement(
  order: Order,
  work: (api: Management) => Promise<void>,
): Promise<number> {
  return reported(async () => {
    const access = findAccess(order)
    const agent = agentFor(access)
    try {
      const ask = await signIn(access, agent)
      const wanted = order.knows('environment') ? order.value('environment') : undefined
      const environmentId =
        wanted === undefined ? access.environmentId : await findEnvironment(ask, wanted)
      await work(managementOf(ask, access, environmentId))
    } finally {
      await agent.close()
    }
  })
}

/** What connects to a server, whose certificate one of these CAs has signed. */
export function agentFor({ ca }: Pick<Access, 'ca'>): Agent {
  return new Agent({ connect: { timeout: 5000, ...(ca === undefined ? {} : { ca }) } })
}

type Ask = Management['ask']

/** Signs in, and again when the token has run out. */
async function signIn(access: Access, agent: Agent): Promise<Ask> {
  let bearer = await buyBearer(access, agent)
  const ask: Ask = (method, path, body) =>
    send(access, agent, {
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
      bearer = await buyBearer(access, agent)
      return ask(...asked)
    }
  }
}

async function buyBearer(access: Access, agent: Agent): Promise<string> {
  const { clientId, clientSecret, environmentId } = access
  const basic = Buffer.from(`${clientId}:${clientSecret.reveal()}`).toString('base64')
  const bought = await send(access, agent, {
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

interface Sent {
  readonly method: Method
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

async function send(access: Access, agent: Agent, sent: Sent): Promise<Answer> {
  const { method, path, headers, body } = sent
  const { statusCode, answered, text } = await attempt(access, async () => {
    const answer = await request(`${access.url}${path}`, {
      method,
      headers: { accept: 'application/json', ...headers },
      body: body ?? null,
      dispatcher: agent,
      signal: AbortSignal.timeout(deadlineMs),
    })
    return {
      statusCode: answer.statusCode,
      answered: answer.headers,
      text: await answer.body.text(),
    }
  })
  const header = (name: string) => {
    const value = answered[name]
    return typeof value === 'string' ? value : value?.[0]
  }
  const tree = text === '' ? {} : readTree(text)
  if (!tree) {
    throw new CommandFailed(
      `${access.url} answered ${statusCode} with something that is not the management API's: correct WARDER_URL`,
    )
  }
  const wasToken = path.endsWith('/as/token')
  if (statusCode >= 300) {
    const context = { status: statusCode, retryAfter: header('retry-after'), from: access.from }
    const refusal = describeRefusal(tree, { ...context, wasToken })
    throw new CommandFailed(refusal, { status: statusCode })
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

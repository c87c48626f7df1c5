import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { doorNames, type DoorName } from '../../src/decision/question.ts'
import type { DoorSettings } from '../../src/doors/http-door.ts'
import { exchange } from '../verifier/wire.ts'
import { checkMessage } from './asking.ts'
import { anyPort, environmentId, verifierBeside, type Beside } from './beside.ts'
import { grpcClient, statusOfAnswer } from './grpc-client.ts'
import { gatewayDoor } from './live-view.ts'
import { dial, headerList, hello, noIds, notify, question, variables } from './spoe-client.ts'

// One corpus of targets and hosts, asked about at every door over a real socket.

interface Asked {
  readonly target: string
  readonly host: string
}

interface Case extends Asked {
  readonly decision: 'allow' | 'refuse'
}

/** Reads a list of cases, with what is usual where they say nothing. */
function read(name: string): readonly Case[] {
  const file = new URL(`../cases/${name}.json`, import.meta.url)
  const cases: readonly (Partial<Asked> & Pick<Case, 'decision'>)[] = JSON.parse(
    readFileSync(file, 'utf8'),
  )
  return cases.map(({ target = '/app/x?y=1', host = 'app.example.test', decision }) => ({
    target,
    host,
    decision,
  }))
}

const cases = [...read('targets'), ...read('hosts')]

type Decision = Case['decision']

/** Asks at one door; `undefined` where its protocol cannot carry the question. */
interface Asker {
  readonly ask: (asked: Asked) => Promise<Decision> | undefined
  readonly close: () => void
}

const nothingToClose = { close: () => undefined }
const decisionOf = (status: number | undefined): Decision => (status === 200 ? 'allow' : 'refuse')
// What in a header or a request line would be the end of it.
const breaksLine = (text: string) => text.split('').some((one) => one !== '\t' && isControl(one))
const isControl = (one: string) => one < ' ' || one === '\x7f'
const isPath = ({ target }: Asked) => target.startsWith('/') || target === '*'

function hookAsker({ ports }: Beside, lines: (asked: Asked) => readonly string[]): Asker {
  return {
    ...nothingToClose,
    ask: (asked) =>
      breaksLine(asked.target)
        ? undefined
        : exchange({ port: ports.http ?? 0 }, [...lines(asked), '', ''].join('\r\n')).then(
            ({ answers }) => decisionOf(answers[0]?.status),
          ),
  }
}

function headerHook(beside: Beside, path: string, prefix: string, names: readonly string[]): Asker {
  const [uri, method, host, scheme] = names.map((name) => `${prefix}-${name}`)
  return hookAsker(beside, (asked) => [
    `GET ${path} HTTP/1.1`,
    'Host: warder.internal',
    `CLIENT-TOKEN: ${beside.token()}`,
    `${uri}: ${asked.target}`,
    `${method}: GET`,
    `${host}: ${asked.host}`,
    `${scheme}: https`,
  ])
}

// Envoy takes a request line apart before it asks, so other targets never come.
const comesFromEnvoy = (asked: Asked) => isPath(asked) && !/[^\x21-\x7e]|#/.test(asked.target)

function envoyAsker(beside: Beside): Asker {
  const { ask } = hookAsker(beside, ({ target, host }) => [
    `GET /auth/envoy${target} HTTP/1.1`,
    `Host: ${host}`,
    `CLIENT-TOKEN: ${beside.token()}`,
  ])
  return { ...nothingToClose, ask: (asked) => (comesFromEnvoy(asked) ? ask(asked) : undefined) }
}

function grpcAsker({ ports, token }: Beside): Asker {
  const client = grpcClient(ports.grpc ?? 0)
  return {
    close: client.close,
    async ask({ target, host }) {
      const message = checkMessage({ path: bytes(target), host: bytes(host) })
      return decisionOf(statusOfAnswer(await client.check(message, [['client-token', token()]])))
    },
  }
}

async function spoeAsker({ ports, token }: Beside): Promise<Asker> {
  const line = await dial(ports.spoe ?? 0)
  line.send(hello())
  await line.frames(1)
  return {
    close: line.close,
    async ask({ target, host }) {
      const asked = { uri: bytes(target), hdrs: headerList(['host', bytes(host)]) }
      line.send(notify(noIds, question(token(), asked)))
      const [ack] = await line.frames(1)
      return ack && variables(ack)['allow'] === true ? 'allow' : 'refuse'
    },
  }
}

function bodyAsker({ ask, token }: Beside, path: string, body: (asked: Asked) => unknown): Asker {
  const headers = () => ({ 'CLIENT-TOKEN': token(), 'Content-Type': 'application/json' })
  return {
    ...nothingToClose,
    async ask(asked) {
      const answer = await ask(path, { headers: headers(), body: JSON.stringify(body(asked)) })
      if (answer.status !== 200) return 'refuse'
      const said: unknown = JSON.parse(answer.body.toString())
      assert.ok(typeof said === 'object' && said !== null && !('response' in said))
      return 'decision' in said && said.decision !== true ? 'refuse' : 'allow'
    },
  }
}

// A URL has a host up to where its path begins, so others are other hosts and other paths there.
const isPartOfUrl = ({ target, host }: Asked) => target.startsWith('/') && !/[/?#]/.test(host)

function sidebandAsker(beside: Beside): Asker {
  const path = `/v1/environments/${environmentId}/sideband/request`
  const { ask } = bodyAsker(beside, path, ({ target, host }) => ({
    method: 'GET',
    url: `https://${bytes(host)}${bytes(target)}`,
    headers: [],
  }))
  return { ...nothingToClose, ask: (asked) => (isPartOfUrl(asked) ? ask(asked) : undefined) }
}

const authzenAsker = (beside: Beside): Asker =>
  bodyAsker(beside, '/access/v1/evaluation', ({ target, host }) => ({
    subject: { type: 'user', id: 'alice' },
    action: { name: 'GET' },
    resource: {
      type: 'route',
      id: bytes(target),
      properties: { uri: bytes(target), hostname: bytes(host) },
    },
  }))

/** The text whose UTF-8 are the bytes that the corpus writes one by one. */
const bytes = (text: string) => Buffer.from(text, 'latin1').toString('utf8')

/** An asker at each door of a verifier of its own. */
async function everyDoor(
  t: TestContext,
  door: DoorSettings,
): Promise<Readonly<Record<string, Asker>>> {
  const listener = { at: anyPort, tls: undefined }
  const beside = await verifierBeside(t, {
    settings: { doors: Object.fromEntries(doorNames.map((name) => [name, door])) },
    own: () => ({ grpc: listener }),
  })
  const askers: Readonly<Record<DoorName, Asker>> = {
    nginx: headerHook(beside, '/auth/nginx', 'X-Original', ['URI', 'Method', 'Host', 'Scheme']),
    forward: headerHook(beside, '/auth/forward', 'X-Forwarded', ['Uri', 'Method', 'Host', 'Proto']),
    envoy: envoyAsker(beside),
    grpc: grpcAsker(beside),
    spoe: await spoeAsker(beside),
    sideband: sidebandAsker(beside),
    authzen: authzenAsker(beside),
  }
  t.after(() => {
    for (const { close } of Object.values(askers)) close()
  })
  return askers
}

test('a door of one environment is for its gateways alone, whatever it speaks', async (t) => {
  const asked = { target: '/app/x', host: 'app.example.test' }
  for (const [environment, wanted] of [
    [environmentId, 'allow'],
    [undefined, 'allow'],
    [`${environmentId}0`, 'refuse'],
    [environmentId.toUpperCase(), 'refuse'],
  ] as const) {
    const askers = await everyDoor(t, { ...gatewayDoor, environment })
    for (const [door, { ask }] of Object.entries(askers)) {
      assert.equal(await ask(asked), wanted, `${door} of ${environment}`)
    }
  }
})

test('every door decides alike about every target and every host', async (t) => {
  const askers = await everyDoor(t, gatewayDoor)
  for (const { target, host, decision } of cases) {
    const title = `${JSON.stringify(target)} of ${JSON.stringify(host)}: ${decision}`
    await t.test(title, async () => {
      let answered = 0
      for (const [door, { ask }] of Object.entries(askers)) {
        const seen = await ask({ target, host })
        if (seen === undefined) continue
        answered += 1
        assert.equal(seen, decision, door)
      }
      assert.ok(answered >= 4)
    })
  }
})

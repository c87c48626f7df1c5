import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, test, type TestContext } from 'node:test'
import { findCommand } from '../../src/commands/find.ts'
import { readOrder } from '../../src/commands/order.ts'
import { commands } from '../../src/commands/table.ts'
import { welcome } from '../../src/commands/welcome.ts'
import { loadConfig } from '../../src/config/load.ts'
import { adminOf, makePlace, program, until, type Place, type Serving } from './running.ts'

async function placeFor(t: TestContext): Promise<Place> {
  const place = await makePlace()
  t.after(place.close)
  return place
}

async function addGateway(place: Place, more = ''): Promise<Record<'id' | 'token', string>> {
  const { credential } = await place.json(`gateway add edge${more}`)
  return { id: String(credential?.['id']), token: String(credential?.['credential']) }
}

test('M13: what was revoked before the process was killed is refused after the next start', async (t) => {
  const place = await placeFor(t)
  const first = await place.serve()
  t.after(() => first.end('SIGKILL'))
  const gateway = await addGateway(place)
  const { id, credential } = await place.json('credential add edge')
  assert.equal((await place.run(`credential revoke ${gateway.id}`)).code, 0)
  await first.end('SIGKILL')

  const second = await place.serve()
  t.after(() => second.end('SIGKILL'))
  assert.deepEqual(
    [await place.ask(gateway.token), await place.ask(String(credential))],
    [401, 200],
  )
  const list = (await place.json('credential list edge')) as unknown as readonly object[]
  assert.deepEqual(
    list.map((each) => Object.entries(each).find(([name]) => name === 'id')?.[1]),
    [id],
  )
})

test('who takes all connections of the authority takes none of the gateways and of operations, and is let go', async (t) => {
  const place = await placeFor(t)
  const serving = await place.serve('serve', 400)
  t.after(() => serving.end('SIGKILL'))
  const { token } = await addGateway(place)
  assert.equal(await place.ask(token), 200)
  const sockets = Array.from({ length: 500 }, () => connect(place.ports.authority, '127.0.0.1'))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (const socket of sockets) socket.on('error', () => undefined).resume()
  // More than there may be are let go as they come.
  await until(() => sockets.filter(({ closed }) => closed).length > 300)
  assert.equal((await place.page('/livez')).status, 200)
  assert.equal(await place.ask(token), 200)
  await until(async () => (await place.run('gateway list')).code === 0, 30_000)
  await until(() => sockets.every(({ closed }) => closed))
})

test('a second start finds everything again, and a stop lets what is under way be answered', async (t) => {
  const place = await placeFor(t)
  const first = await place.serve()
  t.after(() => first.end('SIGKILL'))
  assert.match(first.log(), /"first":true/)
  const { token } = await addGateway(place)
  const admin = adminOf(place)
  const stopping = first.end('SIGTERM')
  assert.equal(await stopping, 0)

  const second = await place.serve()
  t.after(() => second.end('SIGKILL'))
  assert.match(second.log(), /"first":false/)
  assert.deepEqual(adminOf(place), admin)
  assert.equal(await place.ask(token), 200)
})

test('at another address, a later start is found by the commands all the same', async (t) => {
  const place = await placeFor(t)
  await (await place.serve()).end('SIGTERM')
  const { authority: former, ...rest } = adminOf(place)
  const moved = `127.0.0.1:${place.ports.http}`
  const second = await place.serve(
    `serve --listen-authority ${moved} --listen-http 127.0.0.1:${place.ports.authority}`,
  )
  t.after(() => second.end('SIGKILL'))
  const { authority, ...kept } = adminOf(place)
  assert.notEqual(authority, former)
  assert.deepEqual([authority, kept], [`http://${moved}`, rest])
  assert.equal(statSync(join(place.folder, 'data/admin.json')).mode & 0o777, 0o600)
  assert.ok(Array.isArray(await place.json('gateway list')))
})

test('a Node that is too old is told which one it takes, in one line', () => {
  const older = 'Object.defineProperty(process.versions, "node", { value: "20.19.0" })'
  const run = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(older)}`, program, 'version'],
    { encoding: 'utf8' },
  )
  assert.deepEqual([run.status, run.stdout], [1, ''])
  assert.match(
    run.stderr,
    /^warder needs Node \^24\.18\.1 or >=26\.5\.1, this is 20\.19\.0: [^\n]+\n$/,
  )
})

test('M23: a door that is for one environment refuses the credentials of another', async (t) => {
  const place = await placeFor(t)
  const first = await place.serve()
  t.after(() => first.end('SIGKILL'))
  const here = await addGateway(place)
  await place.json('environment add production')
  const there = await addGateway(place, ' --environment production')
  assert.deepEqual([await place.ask(here.token), await place.ask(there.token)], [200, 200])
  await first.end('SIGTERM')
  const own = adminOf(place)['environmentId']
  const second = await place.serve(`serve --doors-nginx-environment ${own}`)
  t.after(() => second.end('SIGKILL'))
  assert.deepEqual([await place.ask(here.token), await place.ask(there.token)], [200, 401])
})

suite('what keeps it from working', () => {
  let place: Place
  let serving: Serving

  const refusalOf = async (words: string, env: Record<string, string> = {}) => {
    const { code, out, err } = await place.run(words, { env })
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /^warder: [^\n]+\n$/, 'it is one line')
    return err
  }
  const change = (folder: string, ...statements: readonly string[]) => {
    const database = new DatabaseSync(join(place.folder, folder, 'warder.db'))
    for (const statement of statements) database.exec(statement)
    database.close()
  }

  before(async () => {
    place = await makePlace()
    serving = await place.serve()
  })
  after(async () => {
    await serving.end('SIGKILL')
    place.close()
  })

  test('a second process on the same data, or at the same address, is told the fix', async () => {
    const { http } = place.ports
    assert.match(await refusalOf('serve'), /in use by another process: stop that one/)
    const port = new RegExp(`127\\.0\\.0\\.1:${http} is taken: free it, or set --listen-http`)
    assert.match(await refusalOf('serve --data other'), port)
    assert.equal(await serving.end('SIGTERM'), 0)
  })

  test('an authority that is not there, or that is not found, is told with the fix', async () => {
    const down = await refusalOf('gateway list')
    assert.match(down, /the authority at .* cannot be reached \(ECONNREFUSED\): start it/)
    const absent = await refusalOf('gateway list --data nowhere')
    assert.match(absent, /nowhere\/admin\.json cannot be read \(ENOENT\): name the data folder/)
    const plain = await refusalOf('gateway list', { WARDER_URL: 'http://authority.example' })
    assert.match(plain, /without TLS: write https:/)
    const half = await refusalOf('gateway list', { WARDER_CLIENT_ID: 'x' })
    assert.match(half, /belong together/)
  })

  test('a page that is no authority is named as such', async () => {
    const server = createServer((_, response) => response.end('hello'))
    await once(server.listen(place.ports.authority, '127.0.0.1'), 'listening')
    const refusal = await refusalOf('gateway list')
    server.close()
    server.closeAllConnections()
    assert.match(refusal, /something that is not the management API's/)
  })

  test('serve on Postgres is told what to run instead, and nothing is asked of the database', async () => {
    const env = { WARDER_DATABASE: 'postgres://warder:hunter2@127.0.0.1:1/warder' }
    const { code, out, err } = await place.run('serve', { env })
    assert.deepEqual([code, out], [1, ''])
    assert.match(
      err,
      /^WARDER_DATABASE: [^\n]*run "warder authority" and "warder verifier"[^\n]*\n$/,
    )
  })

  test('data that cannot be read is told with the fix', async () => {
    mkdirSync(join(place.folder, 'damaged'))
    writeFileSync(join(place.folder, 'damaged/warder.db'), 'no database at all '.repeat(500))
    assert.match(
      await refusalOf('serve --data damaged'),
      /the database damaged\/warder\.db: it is damaged or no database of Warder/,
    )
    writeFileSync(join(place.folder, 'file'), '')
    assert.match(
      await refusalOf('serve --data file'),
      /the database file\/warder\.db: .* check the data folder/,
    )
  })

  test('a start without its keys is refused rather than made anew', async () => {
    const [keys, away] = ['data/keys', 'keys-away'].map((name) => join(place.folder, name))
    const admin = adminOf(place)
    renameSync(String(keys), String(away))
    assert.match(await refusalOf('serve'), /is neither in data\/keys nor given: restore it/)
    assert.deepEqual(adminOf(place), admin)
    rmSync(String(keys), { recursive: true })
    renameSync(String(away), String(keys))
  })

  test('an audit that somebody has changed is reported with the entry, and exit code 1', async () => {
    assert.equal((await place.run('audit verify')).code, 0)
    const database = new DatabaseSync(join(place.folder, 'data/warder.db'))
    const triggers = database
      .prepare("select name from sqlite_schema where type = 'trigger' and tbl_name = 'audit'")
      .all()
    database.close()
    const drops = triggers.map(({ name }) => `drop trigger "${String(name)}"`)
    change('data', ...drops, "update audit set actor = 'nobody' where sequence = 3")
    const { code, out } = await place.run('audit verify --json')
    assert.deepEqual([code, JSON.parse(out)], [1, { kind: 'broken', at: 3 }])
  })

  test('a database of a newer program is left alone', async () => {
    change('data', "insert into migrations values (99, 'later')")
    assert.match(await refusalOf('serve'), /schema 99 .* run the newer program/)
    assert.match(await refusalOf('audit verify'), /schema 99 .* run the newer program/)
  })
})

test('an authority runs apart, with operations of its own', async (t) => {
  const place = await placeFor(t)
  const serving = await place.serve('authority')
  t.after(() => serving.end('SIGKILL'))
  assert.deepEqual(await (await place.page('/readyz')).json(), { state: 'ready' })
  const { id } = await addGateway(place)
  const revoked = await place.json(`credential revoke ${id}`)
  assert.deepEqual([revoked['applied'], revoked['verifiers']], [0, 0])
  assert.match(await (await place.page('/metrics')).text(), /warder_management_requests_total\{/)
  assert.equal(await serving.end('SIGTERM'), 0)
})

test('what is mistyped ends with 2 and a guess, and repeats no secret', async (t) => {
  const place = await placeFor(t)
  const errOf = async (words: string) => {
    const { code, out, err } = await place.run(words)
    assert.deepEqual([code, out], [2, ''], words)
    return err
  }
  assert.match(await errOf('gatway list'), /no command "gatway", did you mean "gateway"\?/)
  assert.match(
    await errOf('gateway lsit'),
    /no command "gateway lsit", did you mean "gateway list"/,
  )
  assert.match(await errOf('verifier lst'), /did you mean "verifier list"\?/)
  assert.match(await errOf('gateway add'), /gateway add: NAME is missing/)
  assert.match(await errOf('gateway list --jsno'), /did you mean --json\?/)
  assert.match(await errOf('admin add ci'), /--role is missing/)
  const level = /^--log-levle: there is no such flag; did you mean --log-level\?\n$/
  for (const command of ['serve', 'config check']) {
    assert.match(await errOf(`${command} --log-levle debug`), level)
  }
  const secret = 'eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiIxIn0.c2lnbmF0dXJl'
  for (const words of [
    `credential revoke a ${secret}`,
    `gateway ${secret}`,
    `gateway list --${secret}`,
  ]) {
    assert.ok(!(await errOf(words)).includes(secret.slice(3)), words)
  }
})

test('help is there for all, for a group and for one, with an example', async (t) => {
  const place = await placeFor(t)
  const outOf = async (words: string) => {
    const { code, out, err } = await place.run(words)
    assert.deepEqual([code, err], [0, ''], words)
    return out
  }
  const all = await outOf('help')
  assert.match(all, /warder credential revoke \[ID\] +revoke a credential\n/)
  assert.deepEqual(
    all.split('\n').filter((line) => line.length > 110),
    [],
  )
  assert.match(await outOf('credential --help'), /^warder [\d.]+\n\n {2}warder credential add/)
  const one = await outOf('credential revoke --help')
  assert.match(one, /example: warder credential revoke --file edge\.token\n$/)
  assert.equal(await outOf('help credential revoke'), one)
  for (const words of ['version', '--version', '-V']) {
    assert.match(await outOf(words), /^\d+\.\d+\.\d+\n$/)
  }
})

test('what a terminal is told to try first are commands that can be read, for the folder that is used', () => {
  for (const argv of [[], ['--data', "/srv/it's; here", '--listen-http', '127.0.0.1:8070']]) {
    const loaded = loadConfig({ argv, env: {}, cwd: '/', readFile: throwing })
    assert.ok(loaded.ok)
    const text = welcome(loaded.config, { version: '1.2.3', first: true })
    const typed = [...text.matchAll(/^ {2}npx warder (.*?)( > edge\.token)?$/gm)]
    assert.equal(typed.length, 2)
    for (const [, words = ''] of typed) {
      const said = spawnSync('sh', ['-c', `printf '%s\\0' ${words}`], { encoding: 'utf8' })
      const found = findCommand(commands, said.stdout.split('\0').slice(0, -1))
      assert.ok(found.kind === 'command', words)
      const reading = readOrder(found.command, found.rest)
      assert.ok(reading.kind === 'order', words)
      assert.equal(reading.order.value('data'), argv[1])
    }
    assert.ok(text.includes(`http://${argv[3] ?? '127.0.0.1:7070'}/auth/nginx\n`))
    assert.ok(text.includes(join(argv[1] ?? 'data', 'admin.json')))
  }
})

function throwing(): never {
  throw Object.assign(new Error('there are no files'), { code: 'ENOENT' })
}

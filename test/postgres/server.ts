import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'

/** A Postgres to test on. */
export interface PostgresServer {
  /** Makes an empty database and gives its address. */
  newDatabase(): Promise<string>
  stop(): Promise<void>
}

/** The Postgres of WARDER_TEST_POSTGRES, or one started in a temporary folder, or why there is none. */
export async function startPostgres(): Promise<PostgresServer | { readonly missing: string }> {
  const given = process.env['WARDER_TEST_POSTGRES']
  if (given !== undefined) {
    return { newDatabase: () => newDatabase(given), stop: async () => {} }
  }
  const bin = findBinaries()
  return bin === undefined ? { missing: 'no initdb and postgres found' } : await start(bin)
}

function findBinaries(): string | undefined {
  const packaged = '/usr/lib/postgresql'
  const versions = existsSync(packaged) ? readdirSync(packaged).toSorted().toReversed() : []
  const folders = [
    ...versions.map((version) => join(packaged, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ]
  return folders.find((folder) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))),
  )
}

async function start(bin: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'warder-postgres-'))
  const who = unprivileged()
  if (who !== undefined) {
    chownSync(folder, who.uid, who.gid)
  }
  const data = join(folder, 'data')
  const options = { cwd: folder, ...who }
  execFileSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'warder', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    { ...options, stdio: 'ignore' },
  )
  const settings = ['-k', folder, '-c', 'listen_addresses=']
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...settings], {
    ...options,
    stdio: 'ignore',
  })
  const url = `postgres://warder@localhost/postgres?host=${encodeURIComponent(folder)}`
  await untilAnswers(url)
  return {
    newDatabase: () => newDatabase(url),
    async stop() {
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

/** Postgres refuses to run as root. */
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) {
    return undefined
  }
  return { uid: idOfNobody('-u'), gid: idOfNobody('-g') }
}

function idOfNobody(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }))
}

async function untilAnswers(url: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await execute(url, 'select 1')
      return
    } catch (error) {
      if (attempt > 100) {
        throw error
      }
      await sleep(100)
    }
  }
}

async function newDatabase(url: string): Promise<string> {
  const name = `warder_${randomBytes(6).toString('hex')}`
  await execute(url, `create database ${name}`)
  const address = new URL(url)
  address.pathname = `/${name}`
  return address.href
}

/** Runs one statement on a connection of its own. */
export async function execute(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

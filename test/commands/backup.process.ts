import assert from 'node:assert/strict'
import { chmodSync, cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { holdDatabase } from '../../src/store/open.ts'
import { makePlace, until, type Place } from './running.ts'

async function addGateway(place: Place, name: string) {
  const { credential } = await place.json(`gateway add ${name}`)
  return { id: String(credential?.['id']), token: String(credential?.['credential']) }
}

/** The seconds of `iat` have passed by which a backup tells before from after. */
function nextSecond(): Promise<void> {
  return delay(1000 - (Date.now() % 1000) + 20)
}

const fileMode = (path: string) => statSync(path).mode & 0o777

suite('backup and restore', () => {
  let place: Place
  const gateways: Record<string, { readonly id: string; readonly token: string }> = {}

  before(async () => {
    place = await makePlace()
    const serving = await place.serve()
    gateways['kept'] = await addGateway(place, 'kept')
    gateways['revokedBefore'] = await addGateway(place, 'revoked-before')
    gateways['revokedAfter'] = await addGateway(place, 'revoked-after')
    await place.json(`credential revoke ${gateways['revokedBefore'].id}`)
    await nextSecond()
    const made = await place.run('backup backup')
    assert.equal(made.code, 0, made.err)
    assert.match(made.out, /^backup holds everything as of .*, revision \d+\n$/)
    assert.match(made.err, /it holds the keys too/)
    gateways['issuedAfter'] = await addGateway(place, 'issued-after')
    await place.json(`credential revoke ${gateways['revokedAfter'].id}`)
    assert.equal(await serving.end('SIGTERM'), 0)
  })
  after(() => place.close())

  const ask = async (name: string) => place.ask(gateways[name]?.token ?? '')

  test('a backup is for its owner alone, and overwrites nothing', async () => {
    const folder = join(place.folder, 'backup')
    assert.equal(fileMode(folder), 0o700)
    const names = readdirSync(folder).toSorted()
    assert.deepEqual(names, ['admin.json', 'backup.json', 'keys', 'warder.db'])
    for (const name of names) if (name !== 'keys') assert.equal(fileMode(join(folder, name)), 0o600)
    const again = await place.run('backup backup')
    assert.deepEqual([again.code, again.out], [1, ''])
    assert.match(again.err, /backup is there already: name another one\n$/)
    assert.ok(!readdirSync(place.folder).some((name) => name.includes('partial')))
  })

  test('a restore overwrites nothing', async () => {
    const database = readFileSync(join(place.folder, 'data/warder.db'))
    const { code, out, err } = await place.run('restore backup')
    assert.deepEqual([code, out], [1, ''])
    assert.match(err, /^warder: .*warder\.db is there, and a restore overwrites nothing: move it/)
    assert.deepEqual(readFileSync(join(place.folder, 'data/warder.db')), database)
  })

  test('nothing is restored to where somebody else is about to make a database', async () => {
    const held = await holdDatabase(`sqlite:${join(place.folder, 'taken/warder.db')}`)
    const refused = await place.run('restore backup --data taken')
    assert.deepEqual([refused.code, refused.out], [1, ''])
    assert.match(refused.err, /taken\/warder\.db is in use by another process: stop that one/)
    await held.close()
    assert.deepEqual(readdirSync(join(place.folder, 'taken')), ['warder.db-lock'])
    assert.equal((await place.run('restore backup --data taken')).code, 0)
  })

  test('a damaged backup is not restored, and leaves nothing behind', async () => {
    cpSync(join(place.folder, 'backup'), join(place.folder, 'damaged-backup'), { recursive: true })
    const path = join(place.folder, 'damaged-backup/warder.db')
    const bytes = readFileSync(path)
    bytes.writeUInt8(bytes.readUInt8(5000) ^ 1, 5000)
    chmodSync(path, 0o600)
    writeFileSync(path, bytes)
    const damaged = await place.run('restore damaged-backup --data elsewhere')
    assert.equal(damaged.code, 1)
    assert.match(damaged.err, /warder\.db of the backup is damaged/)
    const none = await place.run('restore data --data elsewhere')
    assert.match(none.err, /data is no backup: name the folder that "warder backup" made/)
    assert.ok(!readdirSync(place.folder).includes('elsewhere'))
    assert.equal((await place.run('restore')).code, 2)
  })

  test('F8: after a restore what was issued before counts, and what was issued since does not', async (t) => {
    const restored = await place.run('restore backup --data restored')
    assert.equal(restored.code, 0, restored.err)
    assert.match(restored.err, /what was issued since then is refused/)
    assert.match(restored.err, /what was revoked, disabled or deleted since .* counts again/)
    assert.ok(!restored.err.includes('of the very second'))
    const serving = await place.serve('serve --data restored')
    t.after(() => serving.end('SIGKILL'))
    assert.deepEqual(
      [await ask('kept'), await ask('revokedBefore'), await ask('issuedAfter')],
      [200, 401, 401],
    )
    const stdin = gateways['issuedAfter']?.token ?? ''
    const explained = await place.json('explain - --data restored', { stdin })
    assert.equal(explained['reason'], 'key-closed')
    const next = await place.json('credential add kept --data restored')
    assert.equal(await place.ask(String(next['credential'])), 200)
    assert.equal((await place.json('audit verify --data restored'))['kind'], 'whole')
    const entries = await place.json('audit list --action authority.restore --data restored')
    assert.equal(entries['length'], 1)
  })

  test('of the very second of the backup nothing is left to doubt: it is revoked by name', async (t) => {
    const first = await place.serve('serve --data second')
    const { credential } = await place.json('gateway add doubtful --data second')
    const [id, token] = [String(credential?.['id']), String(credential?.['credential'])]
    await first.end('SIGTERM')
    const at = String(credential?.['createdAt'])
    const { revoked } = await place.json(`restore --taken-at ${at} --data second`)
    assert.deepEqual(revoked, [id])
    const second = await place.serve('serve --data second')
    t.after(() => second.end('SIGKILL'))
    assert.equal(await place.ask(token), 401)
    const future = await place.run('restore --taken-at 2999-01-01T00:00:00Z --data second')
    assert.match(future.err, /--taken-at is in the future/)
    for (const time of ['2026-01-01T00:00:00', '2026-01-01', '1']) {
      const vague = await place.run(`restore --taken-at ${time} --data second`)
      assert.deepEqual([time, vague.code], [time, 2])
    }
  })

  test('a database that an authority has open is not put into a new epoch', async (t) => {
    const serving = await place.serve('serve --data open')
    t.after(() => serving.end('SIGKILL'))
    const { code, err } = await place.run('restore --taken-at 2026-01-01T00:00:00Z --data open')
    assert.equal(code, 1)
    assert.match(err, /in use by another process/)
  })

  test('Postgres makes its own backups, and is told so', async () => {
    const env = { WARDER_DATABASE: 'postgres://warder:hunter2@127.0.0.1:1/warder' }
    for (const words of ['backup elsewhere', 'restore backup --data elsewhere']) {
      const { code, err } = await place.run(words, { env })
      assert.equal(code, 1)
      assert.match(err, /docs\/guides\/backup\.md/)
      assert.ok(!err.includes('hunter2'))
    }
  })
})

test('a verifier that followed takes the new epoch, and goes on refusing what it knew to be revoked', async (t) => {
  const place = await makePlace()
  t.after(place.close)
  let authority = await place.serve('authority')
  t.after(() => authority.end('SIGKILL'))
  const [kept, revoked] = [await addGateway(place, 'kept'), await addGateway(place, 'revoked')]
  const { enrolment } = await place.json('verifier enrol edge')
  writeFileSync(join(place.folder, 'enrolment'), String(enrolment))
  const verifier = await place.serve('verifier --enrolment-file enrolment --listen-ops off')
  t.after(() => verifier.end('SIGKILL'))
  assert.equal(await place.ask(kept.token), 200)
  await nextSecond()
  assert.equal((await place.run('backup backup')).code, 0)
  await place.json(`credential revoke ${revoked.id}`)
  const later = await addGateway(place, 'later')
  assert.deepEqual([await place.ask(revoked.token), await place.ask(later.token)], [401, 200])
  await authority.end('SIGTERM')

  assert.equal((await place.run('restore backup --data restored')).code, 0)
  authority = await place.serve('authority --data restored')
  // The key that signed it counts no longer for what came after the backup.
  await until(async () => (await place.ask(later.token)) === 401)
  assert.deepEqual([await place.ask(kept.token), await place.ask(revoked.token)], [200, 401])
  const next = await place.json('credential add kept --data restored')
  await until(async () => (await place.ask(String(next['credential']))) === 200)
})

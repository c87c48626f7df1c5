import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { manualClock } from '../manual-clock.ts'
import { addGateway, openHouse, type House } from './house.ts'

const second = 1000

async function withCredentials(
  work: (house: House, path: string, ids: readonly string[]) => Promise<void>,
): Promise<void> {
  const clock = manualClock(Math.floor(Date.now() / second) * second)
  const house = await openHouse({ clock })
  const { path } = await addGateway(house)
  const ids: string[] = []
  for (let made = 0; made < 2; made += 1) {
    const { body } = await house.ask('POST', `${path}/credentials`)
    ids.push(String(body['id']))
  }
  await work(house, `${path}/credentials`, ids)
  await house.close()
}

const now = () => Math.floor(Date.now() / second) * second

describe('use of credentials', () => {
  test('M14: lastUsedAt appears with the first use, to the second, never goes back, and is never in the future', async () => {
    await withCredentials(async (house, path, [id = '', unused = '']) => {
      const lastUsedAt = async (one: string) =>
        (await house.ask('GET', `${path}/${one}`)).body['lastUsedAt']
      assert.equal(await lastUsedAt(id), undefined)
      const at = now() - 60 * second
      const use = (when: number) =>
        house.authority.recordUsage([{ jti: id, at: when, count: 1, source: '192.0.2.1' }])
      await use(at + 300)
      assert.equal(await lastUsedAt(id), new Date(at).toISOString())
      await use(at - 20 * second)
      assert.equal(await lastUsedAt(id), new Date(at).toISOString())
      await use(at + 3600 * second)
      const capped = Date.parse(String(await lastUsedAt(id)))
      assert.ok(capped > at && capped <= Date.now())
      assert.equal(await lastUsedAt(unused), undefined)
    })
  })

  test('uses are counted by where they came from, and shown newest first', async () => {
    await withCredentials(async (house, path, [id = '']) => {
      const at = now() - 60 * second
      await house.authority.recordUsage([
        { jti: id, at, count: 3, source: '192.0.2.1' },
        { jti: id, at: at + 5 * second, count: 2, source: '192.0.2.2' },
        { jti: id, at: at + second, count: 1, source: '192.0.2.1' },
        { jti: crypto.randomUUID(), at, count: 1, source: '192.0.2.3' },
        { jti: 'nonsense', at: Number.NaN, count: 1, source: '192.0.2.3' },
      ])
      const { body } = await house.ask('GET', `${path}/${id}`)
      assert.equal(body['uses'], 6)
      assert.deepEqual(body['sources'], [
        { source: '192.0.2.2', lastUsedAt: new Date(at + 5 * second).toISOString(), uses: 2 },
        { source: '192.0.2.1', lastUsedAt: new Date(at + second).toISOString(), uses: 4 },
      ])
    })
  })

  test('of the places that a credential was used from the newest twenty are shown, each by a name of its length', async () => {
    await withCredentials(async (house, path, [id = '']) => {
      const at = now() - 60 * second
      const uses = Array.from({ length: 25 }, (_, place) => ({
        jti: id,
        at: at + place * second,
        count: 1,
        source: `${place} ${'x'.repeat(500)}`,
      }))
      await house.authority.recordUsage(uses)
      const { body } = await house.ask('GET', `${path}/${id}`)
      const sources = (body['sources'] ?? []).map(({ source }) => String(source))
      assert.equal(sources.length, 20)
      assert.ok(sources[0]?.startsWith('24 x'))
      assert.deepEqual(new Set(sources.map(({ length }) => length)), new Set([128]))
    })
  })

  test('places where a credential was not used for a month are forgotten', async () => {
    await withCredentials(async (house, path, [id = '']) => {
      const day = 24 * 3600 * second
      const use = (source: string, at: number) => ({ jti: id, at, count: 1, source })
      await house.authority.recordUsage([
        use('192.0.2.1', now() - 31 * day),
        use('192.0.2.2', now() - 29 * day),
      ])
      const { body } = await house.ask('GET', `${path}/${id}`)
      assert.deepEqual(
        (body['sources'] ?? []).map(({ source }) => source),
        ['192.0.2.2'],
      )
    })
  })

  test('nothing is noted of a credential that has been revoked', async () => {
    await withCredentials(async (house, path, [id = '']) => {
      await house.ask('DELETE', `${path}/${id}`)
      await house.authority.recordUsage([{ jti: id, at: now(), count: 1, source: 'x' }])
      const row = await house.store.read((db) =>
        db.selectFrom('credentials').selectAll().where('id', '=', id).executeTakeFirst(),
      )
      assert.deepEqual([row?.lastUsedAt, row?.useCount], [null, 0])
    })
  })

  test('DELETE of the only credential in use warns; of one that is not, or not the only one, it does not', async () => {
    await withCredentials(async (house, path, [used = '', other = '']) => {
      const make = async () => String((await house.ask('POST', path)).body['id'])
      const warningOf = async (id: string) => {
        const { headers, status } = await house.ask('DELETE', `${path}/${id}`)
        assert.equal(status, 204)
        return headers.get('warder-warning')
      }
      const use = (jti: string, minutesAgo: number) =>
        house.authority.recordUsage([
          { jti, at: now() - minutesAgo * 60 * second, count: 1, source: 'x' },
        ])
      await use(used, 1)
      assert.equal(await warningOf(other), null)
      const third = await make()
      await use(third, 2)
      assert.equal(await warningOf(third), null)
      await use(await make(), 20)
      assert.equal(await warningOf(used), 'only-credential-in-use')
    })
  })
})

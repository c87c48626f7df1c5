// An authority in a process of its own, to be killed: prints where it listens, then creates and deletes credentials
// through its own API and prints what was acknowledged.
import process from 'node:process'
import { embedded, openHouse } from './house.ts'

const [, , dataFolder = ''] = process.argv
const house = await openHouse({ dataFolder })
const path = `/v1/environments/${house.environmentId}/gateways`
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)

const lane = async (name: number) => {
  for (let made = 0; ; made += 1) {
    const body = { name: `lane ${name} ${process.pid} ${made}`, type: 'LDAP' }
    const created = await house.ask('POST', path, { body })
    const [credential] = embedded(created.body, 'credentials')
    const [gateway, id] = [String(created.body['id']), String(credential?.['id'])]
    say({ created: id, gateway })
    if (made % 2 === 0) continue
    await house.ask('DELETE', `${path}/${gateway}/credentials/${id}`)
    say({ deleted: id, gateway })
  }
}
await Promise.all([lane(1), lane(2), lane(3)])

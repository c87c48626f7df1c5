import { chmodSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { makePlace, type Place } from '../commands/running.ts'
import { freePorts } from '../free-ports.ts'
import { gateways } from '../gateways/gateways.ts'
import { areInstalled } from '../installed.ts'
import { shellBlocks } from './blocks.ts'
import { runBlocks } from './run-blocks.ts'

const root = join(import.meta.dirname, '../..')
const guides = readdirSync(join(root, 'docs/guides')).filter((name) => name.endsWith('.md'))

/** The gateway that a page is about, where it is one that tests can start. */
function gatewayOf(page: string) {
  const isAbout = (name: string) => page === `docs/guides/${name.split(' ')[0]?.toLowerCase()}.md`
  return gateways.find(({ name }) => isAbout(name))
}

/** A place like a clone, and texts with its ports in place of those that documents name. */
async function openClone() {
  const [grpc = 0, spoe = 0, gateway = 0, application = 0] = await freePorts(4)
  const place = await makePlace({
    WARDER_LISTEN_GRPC: `127.0.0.1:${grpc}`,
    WARDER_LISTEN_SPOE: `127.0.0.1:${spoe}`,
  })
  const { http, authority, ops } = place.ports
  const ports: Readonly<Record<string, number>> = {
    7070: http,
    7071: grpc,
    7072: spoe,
    7080: authority,
    7090: ops,
    8080: gateway,
    8081: application,
  }
  const moved = (text: string) =>
    text.replaceAll(/\b(?:7070|7071|7072|7080|7090|8080|8081)\b/g, (port) => `${ports[port]}`)
  deploy(place, moved)
  return { place, moved }
}

function deploy({ folder }: Place, moved: (text: string) => string): void {
  // Some gateways give up root before they read.
  chmodSync(folder, 0o755)
  cpSync(join(root, 'deploy'), join(folder, 'deploy'), { recursive: true })
  for (const file of readdirSync(join(folder, 'deploy'), {
    recursive: true,
    withFileTypes: true,
  })) {
    if (!file.isFile()) continue
    const path = join(file.parentPath, file.name)
    writeFileSync(path, moved(readFileSync(path, 'utf8')))
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
}

suite('the commands of the documents', () => {
  for (const page of ['README.md', ...guides.map((name) => `docs/guides/${name}`)]) {
    test(`${page} does what it says`, async (t) => {
      const gateway = gatewayOf(page)
      if (!areInstalled(t, ['bash', 'curl'])) return
      if (gateway && !areInstalled(t, [gateway.program], gateway.inCi)) return
      const blocks = shellBlocks(join(root, page)).filter(({ notRun }) => notRun === undefined)
      if (blocks.length === 0) return t.skip('none of its commands can be run here')
      const { place, moved } = await openClone()
      t.after(place.close)
      await runBlocks(t, place, blocks, moved)
    })
  }
})

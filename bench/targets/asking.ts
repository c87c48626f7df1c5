import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { freePort, launchServer } from '../launch.ts'
import { installed } from '../machine.ts'
import { gatewayRequest, identityHeaders } from '../requests.ts'
import { notRun, type Bench, type NotRun, type Running, type Target } from '../target.ts'
import { serverConfig } from './peers.ts'
import { verifierCommand } from './warder.ts'

// nginx as a gateway, from the file under deploy/gateways/, and whom it asks: both are measured as one.

const pair = join(import.meta.dirname, '../servers/pair.ts')
const deployed = join(import.meta.dirname, '../../deploy/gateways/nginx/nginx.conf')

type Asked = (bench: Bench, port: number) => readonly string[] | Promise<readonly string[]>

const whom: Readonly<Record<string, { readonly about: string; readonly command: Asked }>> = {
  nginx: {
    about: 'an nginx that returns 200',
    command: (bench, port) => nginxCommand(bench, 'asked', serverConfig(bench, port)),
  },
  static: {
    about: 'an nginx that returns 200 with the same headers',
    command: (bench, port) =>
      nginxCommand(bench, 'static', serverConfig(bench, port, identityHeaders)),
  },
  warder: {
    about: 'warder verifier, one worker, 100,000 revoked ids, RS256-3072',
    command: verifierCommand,
  },
}

/** The same gateway, with a static server to ask and with Warder. */
export const asking: readonly Target[] = Object.entries(whom).map(([name, { about, command }]) => ({
  name: `nginx-asks-${name}`,
  about: `nginx auth_request over kept connections, and ${about}; processor time of both`,
  token: { algorithm: 'RS256-3072', expires: false },
  request: gatewayRequest,
  start: async (bench) => startPair(bench, command),
}))

async function startPair(bench: Bench, command: Asked): Promise<Running | NotRun> {
  if (!installed('nginx')) return notRun('nginx is not installed')
  const [port, asked] = [await freePort(), await freePort()]
  const commands = [
    await command(bench, asked),
    nginxCommand(bench, 'gateway', gatewayConfig(bench, port, asked)),
  ].map((words) => JSON.stringify(words))
  const words = [process.execPath, pair, `${asked}`, ...commands]
  return launchServer(words, port, { core: bench.core })
}

function nginxCommand({ folder }: Bench, name: string, config: string): readonly string[] {
  const file = join(folder, `${name}.conf`)
  writeFileSync(file, config.replaceAll('nginx.pid', `${name}.pid`))
  return ['nginx', '-c', file, '-e', 'stderr']
}

/** The deployed file with one worker, other places, and an application that costs nothing to ask. */
function gatewayConfig({ folder, material }: Bench, port: number, asked: number): string {
  const [token = ''] = material.tokens
  writeFileSync(join(folder, 'warder-credential.conf'), `proxy_set_header CLIENT-TOKEN "${token}";`)
  return readFileSync(deployed, 'utf8')
    .replace('worker_processes auto;', `daemon off; worker_processes 1; pid ${folder}/nginx.pid;`)
    .replace('access_log off;', 'access_log off; keepalive_requests 100000000;')
    .replace('keepalive 64; keepalive_timeout 1h;', 'keepalive 64; keepalive_requests 100000000;')
    .replace('proxy_pass http://application;', 'empty_gif;')
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
    .replaceAll('127.0.0.1:7070', `127.0.0.1:${asked}`)
}

import { join } from 'node:path'
import { settle, type Gateway, type Site } from './gateway.ts'
import { repository } from './program.ts'

const deploy = (file: string) => join(repository, 'deploy/gateways', file)

const nginx: Gateway = {
  name: 'nginx',
  program: 'nginx',
  versionArguments: ['-v'],
  inCi: true,
  door: 'http',
  start(site) {
    const file = settle(site, 'nginx/nginx.conf', 'nginx/warder-credential.conf')
    const own = `daemon off; pid ${join(site.folder, 'pid')};`
    return { arguments: ['-c', file, '-e', 'stderr', '-g', own] }
  },
  outage: { status: 503, silenceMs: 1000 },
  incomplete: [401],
  manyHeaders: 400,
  connections: { inTurn: 2, together: 24 },
  twoAuthorizations: 400,
}

const caddy: Gateway = {
  name: 'Caddy',
  program: 'caddy',
  versionArguments: ['version'],
  inCi: true,
  door: 'http',
  start: (site) => ({
    arguments: ['run', '--adapter', 'caddyfile', '--config', settle(site, 'caddy/Caddyfile')],
    env: { HOME: site.folder, WARDER_CREDENTIAL: site.credential },
  }),
  outage: { status: 503, silenceMs: 1000 },
  incomplete: [400],
  manyHeaders: 200,
  connections: { inTurn: 2, together: 24 },
  twoAuthorizations: 200,
}

const haproxyEnv = ({ gateway, application, credential }: Site) => ({
  WARDER_GATEWAY: `127.0.0.1:${gateway}`,
  WARDER_UPSTREAM: `127.0.0.1:${application}`,
  WARDER_CREDENTIAL: credential,
})

const haproxyLua: Gateway = {
  name: 'HAProxy with Lua',
  program: 'haproxy',
  versionArguments: ['-v'],
  inCi: true,
  door: 'http',
  start: (site) => ({
    arguments: ['-db', '-f', deploy('haproxy-lua/haproxy.cfg')],
    env: {
      ...haproxyEnv(site),
      WARDER_LUA: deploy('haproxy-lua/warder.lua'),
      WARDER_URL: `http://127.0.0.1:${site.http}/auth/forward`,
    },
  }),
  outage: { status: 503, silenceMs: 4000 },
  incomplete: [400],
  manyHeaders: 200,
  connections: { inTurn: 4, together: 24 },
  twoAuthorizations: 200,
}

const haproxySpoe: Gateway = {
  name: 'HAProxy over SPOE',
  program: 'haproxy',
  versionArguments: ['-v'],
  inCi: true,
  door: 'spoe',
  start: (site) => ({
    arguments: ['-db', '-f', deploy('haproxy-spoe/haproxy.cfg')],
    env: {
      ...haproxyEnv(site),
      WARDER_SPOE: `127.0.0.1:${site.spoe}`,
      WARDER_SPOE_CONF: deploy('haproxy-spoe/warder-spoe.conf'),
    },
  }),
  outage: { status: 503, silenceMs: 500 },
  incomplete: [403],
  manyHeaders: 200,
  connections: { inTurn: 6, together: 24 },
  twoAuthorizations: 200,
}

const apache: Gateway = {
  name: 'Apache',
  program: 'apache2',
  versionArguments: ['-v'],
  inCi: true,
  door: 'http',
  start(site) {
    const file = settle(site, 'apache/apache.conf', 'apache/warder.lua')
    const lua = join(site.folder, 'warder.lua')
    return {
      arguments: ['-DFOREGROUND', '-d', site.folder, '-f', file],
      env: { WARDER_CREDENTIAL: site.credential, WARDER_LUA: lua },
    }
  },
  outage: { status: 503, silenceMs: 1000 },
  incomplete: [400],
  manyHeaders: 200,
  connections: { inTurn: 4, together: 24 },
  twoAuthorizations: 200,
}

const envoy = (transport: 'http' | 'grpc'): Gateway => ({
  name: transport === 'http' ? 'Envoy over HTTP' : 'Envoy over gRPC',
  program: 'envoy',
  versionArguments: ['--version'],
  inCi: true,
  door: transport,
  start: (site) => ({
    arguments: ['-c', settle(site, `envoy/${transport}.yaml`), '--disable-hot-restart'].concat([
      '--concurrency',
      '2',
      '--log-level',
      'error',
    ]),
    env: { WARDER_CREDENTIAL: site.credential },
  }),
  outage: { status: 503, silenceMs: 500 },
  incomplete: [400, 401, 426],
  manyHeaders: 200,
  connections: { inTurn: 2, together: 24 },
  twoAuthorizations: 200,
})

const traefik: Gateway = {
  name: 'Traefik',
  program: 'traefik',
  versionArguments: ['version'],
  inCi: false,
  door: 'http',
  start(site) {
    const file = settle(site, 'traefik/traefik.yml', 'traefik/dynamic.yml')
    return { arguments: [`--configfile=${file}`] }
  },
  unsettled: 404,
  outage: { status: 500, silenceMs: 30_000 },
  incomplete: [400],
  manyHeaders: 200,
  connections: { inTurn: 2, together: 400 },
  twoAuthorizations: 200,
}

/** Every gateway that is put through the cases where it is installed. */
export const gateways: readonly Gateway[] = [
  nginx,
  caddy,
  haproxyLua,
  haproxySpoe,
  apache,
  envoy('http'),
  envoy('grpc'),
  traefik,
]

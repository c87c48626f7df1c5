import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, launchServer } from '../launch.ts'
import { installed } from '../machine.ts'
import { bearerRequest, hookRequest } from '../requests.ts'
import { notRun, type Bench, type NotRun, type Running, type Target } from '../target.ts'

/** nginx that answers and judges nothing. */
export const nginx: Target = {
  name: 'nginx',
  about: 'nginx return 200, one worker',
  token: { algorithm: 'RS256-3072', expires: false },
  request: hookRequest,
  start: async (bench) =>
    startPeer(bench, 'nginx', serverConfig, (file) => ['-c', file, '-e', 'stderr']),
}

/** HAProxy's own JWT verification with a list of denied ids. */
export const haproxy: readonly Target[] = (['RS256-2048', 'RS256-3072'] as const).map(
  (algorithm) => ({
    name: `haproxy-${algorithm.toLowerCase()}`,
    about: `HAProxy jwt_verify, exp and a denylist of 100,000 ids, one thread, ${algorithm}`,
    token: { algorithm, expires: true },
    request: bearerRequest,
    start: async (bench: Bench) =>
      startPeer(bench, 'haproxy', haproxyConfig, (file) => ['-db', '-f', file]),
  }),
)

async function startPeer(
  bench: Bench,
  program: string,
  config: (bench: Bench, port: number) => string,
  args: (file: string) => readonly string[],
): Promise<Running | NotRun> {
  if (!installed(program)) return notRun(`${program} is not installed`)
  const port = await freePort()
  const file = join(bench.folder, `${program}.conf`)
  writeFileSync(file, config(bench, port))
  return launchServer([program, ...args(file)], port, { core: bench.core })
}

// keepalive_requests: nginx would otherwise close every connection after its thousandth request.
/** A server that returns 200, with some headers or without. */
export function serverConfig(
  { folder }: Pick<Bench, 'folder'>,
  port: number,
  headers: Readonly<Record<string, string>> = {},
): string {
  const added = Object.entries(headers).map(([name, value]) => `add_header ${name} "${value}"; `)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `  ${name}_temp_path ${folder}/${name};`)
    .join('\n')
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 3600s;
${temporary}
  server {
    listen 127.0.0.1:${port};
    location / { ${added.join('')}return 200; }
  }
}
`
}

function haproxyConfig({ material, revoked }: Bench, port: number): string {
  return `global
  nbthread 1
  tune.bufsize 32768
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend verify
  bind 127.0.0.1:${port}
  http-request set-var(txn.b) http_auth_bearer
  http-request set-var(txn.alg) var(txn.b),jwt_header_query('$.alg')
  http-request set-var(txn.jti) var(txn.b),jwt_payload_query('$.jti')
  http-request set-var(txn.exp) var(txn.b),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless { var(txn.b) -m found }
  http-request deny deny_status 401 unless { var(txn.alg) -m str RS256 }
  http-request deny deny_status 401 if !{ var(txn.b),jwt_verify("RS256","${material.publicPem}") -m int 1 }
  http-request deny deny_status 401 unless { var(txn.exp) -m found }
  http-request deny deny_status 401 unless { var(txn.jti) -m found }
  http-request deny deny_status 401 if { var(txn.exp),sub(txn.now) -m int le 0 }
  http-request deny deny_status 401 if { var(txn.jti) -m str -f ${revoked(100_000)} }
  http-request return status 200
`
}

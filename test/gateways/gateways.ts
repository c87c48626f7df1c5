import { join } from 'node:path'
import { repository, type Gateway } from './gateway.ts'

const deploy = (name: string, file: string) => join(repository, 'deploy/gateways', name, file)

const haproxySpoe: Gateway = {
  name: 'HAProxy over SPOE',
  program: 'haproxy',
  versionArguments: ['-v'],
  start: ({ gatewayPort, applicationPort, spoePort, credential }) => ({
    arguments: ['-db', '-f', deploy('haproxy-spoe', 'haproxy.cfg')],
    env: {
      WARDER_GATEWAY: `127.0.0.1:${gatewayPort}`,
      WARDER_SPOE: `127.0.0.1:${spoePort}`,
      WARDER_UPSTREAM: `127.0.0.1:${applicationPort}`,
      WARDER_SPOE_CONF: deploy('haproxy-spoe', 'warder-spoe.conf'),
      WARDER_CREDENTIAL: credential,
    },
  }),
  outageStatus: 503,
  incompleteStatus: 403,
  keepsTarget: () => true,
}

/** Every gateway that is put through the cases where it is installed. */
export const gateways: readonly Gateway[] = [haproxySpoe]

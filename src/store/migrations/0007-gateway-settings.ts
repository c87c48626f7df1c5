import type { Ddl, Migration } from './ddl.ts'

/** Gateways of some types have settings of their own. */
export const gatewaySettings: Migration = {
  version: 7,
  name: 'gateway-settings',
  statements: ({ optionalText }: Ddl) => [
    `alter table "gateways" add column "settings" ${optionalText}`,
  ],
}

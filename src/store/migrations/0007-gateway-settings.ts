import type { Ddl, Migration } from './ddl.ts'

/** Gateways of some types have settings of their own: what anybody may see, and all of it, encrypted. */
export const gatewaySettings: Migration = {
  version: 7,
  name: 'gateway-settings',
  statements: ({ optionalText, optionalBytes }: Ddl) => [
    `alter table "gateways" add column "settings" ${optionalText}`,
    `alter table "gateways" add column "sealedSettings" ${optionalBytes}`,
    `alter table "gateways" add column "settingsKey" ${optionalText}`,
  ],
}

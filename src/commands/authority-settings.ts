import type { AuthoritySettings } from '../authority/settings.ts'
import type { Config } from '../config/schema.ts'

/** What the configuration says to an authority that may have so many connections. */
export function authoritySettings(config: Config, sockets: number): AuthoritySettings {
  const { publicUrl, verifierUrl, credentials, oauth, limits } = config
  const { region, targetGeography, targetClusterEnvironment } = config
  return {
    publicUrl: publicUrl.replace(/\/+$/, ''),
    verifierUrl,
    credentials,
    oauth: {
      accessTokenLifetimeMs: oauth.accessTokenLifetime,
      maxOverlapMs: oauth.maxOverlap,
      maxPerOrganization: oauth.maxPerOrganization,
    },
    region,
    targetGeography,
    targetClusterEnvironment,
    revocationWaitMs: config.revocation.wait,
    limits: { headerBytes: limits.headerBytes, bodyBytes: limits.bodyBytes, sockets },
  }
}

/** Where the database is, as the store is told. */
export function databaseUrl({ database }: Config): string {
  return database.kind === 'sqlite' ? `sqlite:${database.path}` : database.url.reveal()
}

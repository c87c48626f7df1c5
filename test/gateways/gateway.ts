import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { repository } from './program.ts'

// What the suite has to know of a gateway to put it through all cases. A gateway is data: add one to `gateways.ts`.

/** The doors of a verifier, or what stands in front of them. */
export interface DoorPorts {
  readonly http: number
  readonly grpc: number
  readonly spoe: number
}

/** Where everything around a gateway is. */
export interface Site extends DoorPorts {
  readonly gateway: number
  readonly application: number
  readonly credential: string
  /** A folder of the gateway's own. */
  readonly folder: string
}

/** How a gateway is started, in the foreground. */
export interface Start {
  readonly arguments: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Gateway {
  readonly name: string
  readonly program: string
  readonly versionArguments: readonly string[]
  /** Whether every machine that tests changes has it. */
  readonly inCi: boolean
  /** The door that it asks. */
  readonly door: keyof DoorPorts
  /** How it is started from what lies under `deploy/gateways/`. */
  readonly start: (site: Site) => Start
  /** What a client gets while it listens and has not read all of its configuration. */
  readonly unsettled?: number
  /** What clients get while there is no verifier, or a silent one, and for how long a silent one holds them. */
  readonly outage: { readonly status: number; readonly silenceMs: number }
  /** What a client gets where the question cannot be put whole. */
  readonly incomplete: readonly number[]
  /** What a client gets that sends 1,100 headers. */
  readonly manyHeaders: number
  /** The most new connections to the verifier for 60 requests in turn, and for 400 from eight clients at a time. */
  readonly connections: { readonly inTurn: number; readonly together: number }
  /** What a client gets that sends two `Authorization` lines. */
  readonly twoAuthorizations: number
}

/** Copies files of a gateway into its folder, with its places in them; gives the path of the first. */
export function settle(site: Site, ...files: readonly string[]): string {
  mkdirSync(site.folder, { recursive: true })
  const paths = files.map((file) => {
    const path = join(site.folder, basename(file))
    writeFileSync(
      path,
      moved(readFileSync(join(repository, 'deploy/gateways', file), 'utf8'), site),
    )
    return path
  })
  return paths[0] ?? ''
}

/** A configuration with other places: every file has the same ports. */
function moved(text: string, site: Site): string {
  const places: Readonly<Record<string, string>> = {
    8080: `${site.gateway}`,
    8081: `${site.application}`,
    7070: `${site.http}`,
    7071: `${site.grpc}`,
    7072: `${site.spoe}`,
    GATEWAY_CREDENTIAL: site.credential,
    '/etc/warder': site.folder,
  }
  return text.replaceAll(
    /\b(?:8080|8081|7070|7071|7072|GATEWAY_CREDENTIAL)\b|\/etc\/warder/g,
    (found) => places[found] ?? found,
  )
}

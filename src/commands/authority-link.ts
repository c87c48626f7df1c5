import { X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import packageJson from '../../package.json' with { type: 'json' }
import { isLoopback } from '../config/address.ts'
import type { Config } from '../config/schema.ts'
import { systemClock } from '../system/clock.ts'
import { systemRandom } from '../system/random.ts'
import type { Log } from '../telemetry/log.ts'
import { failure, setting } from '../telemetry/safe-text.ts'
import type { AuthorityLink } from '../verifier/authority-link.ts'
import { readEnrolment } from '../verifier/feed/enrolment.ts'
import { createFeedLink } from '../verifier/feed/link.ts'
import { codeOf } from '../system/error-code.ts'

/** The authority cannot be followed so; the message is one line for the operator. */
class LinkRefused extends Error {
  override readonly name = 'LinkRefused'
}

/** The way to the authority that the configuration names, if it names one. */
export async function authorityLink(config: Config, log: Log): Promise<AuthorityLink | undefined> {
  const text = await enrolmentText(config)
  if (text === undefined) return undefined
  const enrolment = readEnrolment(text)
  if (!enrolment) {
    throw new LinkRefused(
      'the enrolment is not what "warder verifier enrol" printed: set WARDER_ENROLMENT or enrolment.file anew',
    )
  }
  const { url, ca } = config.authority
  const authority = url ?? enrolment.authority
  if (authority.startsWith('http:') && !isAllowedInPlain(authority, config)) {
    throw new LinkRefused(
      'the feed would come from another machine without TLS: give the authority a certificate, or set insecure.plaintextAuthority to true',
    )
  }
  await makeStateFolder(config.stateFile, log)
  const { staleAfter: staleAfterMs, expireAfter: expireAfterMs } = config.freshness
  return createFeedLink({
    enrolment: { ...enrolment, authority },
    ca: ca === undefined ? undefined : await readCa(ca),
    stateFile: config.stateFile,
    limits: { staleAfterMs, expireAfterMs, leewayMs: config.leeway.nbf },
    neverEnds: config.outage.expired === 'allow',
    version: packageJson.version,
    clock: systemClock,
    random: systemRandom,
    log,
  })
}

async function enrolmentText({ enrolment }: Config): Promise<string | undefined> {
  if (enrolment.value) return enrolment.value.reveal()
  if (enrolment.file === undefined) return undefined
  try {
    return await readFile(enrolment.file, 'utf8')
  } catch (error) {
    throw new LinkRefused(
      `${enrolment.file} cannot be read (${codeOf(error)}): name the enrolment's file`,
    )
  }
}

async function readCa(path: string): Promise<Buffer> {
  const fix = 'authority.ca has to name a file with certificates in PEM'
  const pem = await readFile(path).catch((error: unknown) => {
    throw new LinkRefused(`${path} cannot be read (${codeOf(error)}): ${fix}`)
  })
  try {
    void new X509Certificate(pem)
  } catch {
    throw new LinkRefused(`${path} holds no certificate: ${fix}`)
  }
  return pem
}

/** A verifier goes on without it, but begins with nothing at each start. */
async function makeStateFolder(stateFile: string, log: Log): Promise<void> {
  const folder = dirname(stateFile)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    log.error('the folder of the state file cannot be made', {
      folder: setting(folder),
      why: failure(error),
    })
  }
}

function isAllowedInPlain(authority: string, { insecure }: Config): boolean {
  return insecure.plaintextAuthority || isLoopback(new URL(authority).hostname)
}

import { readFile } from 'node:fs/promises'
import packageJson from '../../package.json' with { type: 'json' }
import { isLoopback } from '../config/address.ts'
import type { Config } from '../config/schema.ts'
import { systemClock } from '../system/clock.ts'
import { systemRandom } from '../system/random.ts'
import type { Log } from '../telemetry/log.ts'
import type { AuthorityLink } from '../verifier/authority-link.ts'
import { readEnrolment } from '../verifier/feed/enrolment.ts'
import { createFeedLink } from '../verifier/feed/link.ts'

/** The enrolment cannot be used; the message is one line for the operator. */
class EnrolmentError extends Error {
  override readonly name = 'EnrolmentError'
}

/** The way to the authority that the configuration names, if it names one. */
export async function authorityLink(config: Config, log: Log): Promise<AuthorityLink | undefined> {
  const text = await enrolmentText(config)
  if (text === undefined) return undefined
  const enrolment = readEnrolment(text)
  if (!enrolment) {
    throw new EnrolmentError(
      'the enrolment is not what "warder verifier enrol" printed: set WARDER_ENROLMENT or enrolment.file anew',
    )
  }
  const { url, ca } = config.authority
  const authority = url ?? enrolment.authority
  if (authority.startsWith('http:') && !isAllowedInPlain(authority, config)) {
    throw new EnrolmentError(
      'the feed would come from another machine without TLS: give the authority a certificate, or set insecure.plaintextAuthority to true',
    )
  }
  const { staleAfter: staleAfterMs, expireAfter: expireAfterMs } = config.freshness
  return createFeedLink({
    enrolment: { ...enrolment, authority },
    ca: ca === undefined ? undefined : await readFile(ca),
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
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN'
    throw new EnrolmentError(
      `${enrolment.file} cannot be read (${code}): name the enrolment's file`,
    )
  }
}

function isAllowedInPlain(authority: string, { insecure }: Config): boolean {
  return insecure.plaintextAuthority || isLoopback(new URL(authority).hostname)
}

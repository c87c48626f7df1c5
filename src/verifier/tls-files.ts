// Certificate, key and CAs of a listener, read from watched files. They count only together and only when they fit: a
// half that was renamed before the other changes nothing yet.

import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { watchFile, type FileWatch, type Reading } from '../system/watch-file.ts'
import type { TlsMaterial } from './thread-setup.ts'

/** Where a listener's certificate, key and the CAs of its clients stand. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
  readonly clientCa: string | undefined
}

export interface TlsWatchParts {
  readonly files: TlsFiles
  /** Given what the files hold, whenever that is whole and another than before. */
  readonly onChange: (tls: TlsMaterial) => void
  /** Told what is wrong with the files, `undefined` when they are right again. */
  readonly onProblem: (problem: string | undefined) => void
}

/** Files of TLS under watch. */
export interface TlsWatch {
  readonly first: TlsMaterial
  readonly close: () => void
}

/** The files of a listener cannot be used, and there is nothing older to go on with. */
class TlsFilesError extends Error {
  override readonly name = 'TlsFilesError'
}

type TlsReading = TlsMaterial | string

/** Reads the files of a listener and watches them; rejects with a `TlsFilesError` where they cannot be used. */
export async function watchTlsFiles(parts: TlsWatchParts): Promise<TlsWatch> {
  const { files, onChange, onProblem } = parts
  const readings = new Map<string, Reading>()
  const watches: FileWatch[] = []
  const close = () => {
    for (const watch of watches) watch.close()
  }
  const changed = () => {
    const material = materialOf(files, readings)
    onProblem(typeof material === 'string' ? material : undefined)
    if (typeof material !== 'string') onChange(material)
  }
  for (const path of [files.cert, files.key, files.clientCa]) {
    if (path === undefined) continue
    const watch = await watchFile({
      path,
      onChange(reading) {
        readings.set(path, reading)
        changed()
      },
    })
    readings.set(path, watch.first)
    watches.push(watch)
  }
  const first = materialOf(files, readings)
  if (typeof first !== 'string') return { first, close }
  close()
  throw new TlsFilesError(first)
}

function materialOf(files: TlsFiles, readings: ReadonlyMap<string, Reading>): TlsReading {
  for (const [path, reading] of readings) {
    if (reading.kind === 'unreadable') return `${path} cannot be read (${reading.code})`
  }
  const bytesOf = (path: string | undefined) => {
    const reading = path === undefined ? undefined : readings.get(path)
    return reading?.kind === 'content' ? reading.bytes : undefined
  }
  const [cert, key, clientCa] = [files.cert, files.key, files.clientCa].map(bytesOf)
  if (!cert || !key) return `${files.cert} and ${files.key} are needed both`
  return problemOf({ cert, key, clientCa }, files) ?? { cert, key, clientCa }
}

/** What OpenSSL has against the material. Its own words may quote a key, so only the file is named. */
function problemOf(tls: TlsMaterial, { cert, key, clientCa }: TlsFiles): string | undefined {
  if (!passes(() => createSecureContext({ cert: tls.cert }))) return `${cert} is no certificate`
  if (!passes(() => createSecureContext({ cert: tls.cert, key: tls.key }))) {
    return `${key} is not the key of ${cert}`
  }
  // A secure context takes any text for CAs, and would then know those before the first mistake.
  const blocks = tls.clientCa && pemBlocks(tls.clientCa)
  if (blocks?.length === 0) return `${clientCa} is no certificate`
  const damaged = blocks?.findIndex((block) => !passes(() => new X509Certificate(block))) ?? -1
  if (damaged === -1) return undefined
  return `${clientCa} is damaged: certificate ${damaged + 1} of ${blocks?.length} is none`
}

/** Every block from where it begins to where the next one does, so that one without an end counts too. */
function pemBlocks(pem: Buffer): readonly string[] {
  return pem
    .toString('latin1')
    .split(/^(?=-----BEGIN )/m)
    .filter((block) => block.startsWith('-----BEGIN '))
}

function passes(attempt: () => unknown): boolean {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}

/** The options of a listener with this material: where it knows CAs, no client comes in without a certificate. */
export function secureContext({ cert, key, clientCa }: TlsMaterial): SecureContextOptions {
  const clients = clientCa && { ca: clientCa, requestCert: true, rejectUnauthorized: true }
  return { cert, key, minVersion: 'TLSv1.2', ...clients }
}

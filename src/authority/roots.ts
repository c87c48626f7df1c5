// The secrets that never are in the database. Each root is 32 random bytes with a name of its own (a hash of it);
// what encrypts private keys and what client secrets are hashed with is derived from it, and rows name the root.
//
//   data/keys/<name>.root    base64url of 32 bytes, mode 0600

import { createSecretKey, hash, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../system/atomic-file.ts'
import { AuthorityRefused } from './settings.ts'

const purposes = ['encrypt private keys', 'hash client secrets'] as const

/** What a root is for. */
type RootPurpose = (typeof purposes)[number]

/** The roots of this installation. */
export interface Roots {
  /** The name of the root that new rows use. */
  readonly current: string
  /** A key that is derived from a root; `undefined` when there is no root of that name here. */
  readonly derive: (name: string, purpose: RootPurpose) => KeyObject | undefined
}

/** Where roots come from. */
export interface RootSource {
  readonly folder: string
  /** From the environment, base64url of 32 bytes; nothing is written then. */
  readonly given: string | undefined
  /** The root that the database names as the current one, if it names one yet. */
  readonly wanted: string | undefined
}

const rootBytes = 32
const suffix = '.root'

/** Reads the roots, and makes the first one. */
export async function openRoots({ folder, given, wanted }: RootSource): Promise<Roots> {
  const roots = new Map<string, Buffer>()
  const found =
    given === undefined ? await readFolder(folder) : [{ text: given, from: 'keyEncryptionKey' }]
  for (const { text, from } of found) {
    const root = decode(text, from)
    roots.set(nameOf(root), root)
  }
  const [first] = roots.keys()
  const current = wanted ?? first ?? (await makeRoot(folder, roots))
  if (!roots.has(current)) {
    throw new AuthorityRefused(
      `the key ${current}, under which the database keeps its secrets, is neither in ${folder} nor given: restore it, or name another --data`,
    )
  }
  // All at once, so that none takes longer for being asked for the first time.
  const derived = new Map<string, KeyObject>()
  for (const [name, root] of roots) {
    for (const purpose of purposes) derived.set(`${name} ${purpose}`, derive(root, purpose))
  }
  return { current, derive: (name, purpose) => derived.get(`${name} ${purpose}`) }
}

function derive(root: Buffer, purpose: RootPurpose): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', root, '', purpose, rootBytes)))
}

interface FoundRoot {
  readonly text: string
  readonly from: string
}

async function readFolder(folder: string): Promise<readonly FoundRoot[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const names = (await readdir(folder)).filter((name) => name.endsWith(suffix)).toSorted()
  const paths = names.map((name) => join(folder, name))
  return Promise.all(paths.map(async (from) => ({ text: await readFile(from, 'utf8'), from })))
}

async function makeRoot(folder: string, roots: Map<string, Buffer>): Promise<string> {
  const root = randomBytes(rootBytes)
  const name = nameOf(root)
  roots.set(name, root)
  await writeFileAtomic(join(folder, `${name}${suffix}`), `${root.toString('base64url')}\n`, 0o600)
  return name
}

function decode(text: string, from: string): Buffer {
  const root = Buffer.from(text.trim(), 'base64url')
  if (root.length !== rootBytes || root.toString('base64url') !== text.trim()) {
    throw new AuthorityRefused(
      `${from} is no key encryption key, which is 32 bytes in base64url: restore it from a backup`,
    )
  }
  return root
}

function nameOf(root: Buffer): string {
  return hash('sha256', Buffer.concat([Buffer.from('warder root\n'), root]), 'base64url').slice(
    0,
    16,
  )
}

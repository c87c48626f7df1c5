import { setTimeout as delay } from 'node:timers/promises'
import { parseDuration, printDuration } from '../config/units.ts'
import { systemClock, type Clock } from '../system/clock.ts'
import { appliedOf, tellApplied } from './applied.ts'
import type { Order } from './command.ts'
import { CommandFailed } from './failed.ts'
import { findGateway } from './gateway-finding.ts'
import { pathTo, withManagement, type Management } from './management.ts'
import { createQuietWatch, type Quiet } from './quiet.ts'
import { cellOf, textOf, withoutLinks, type Tree } from './reading.ts'
import { plain, showOnce, tell } from './terminal.ts'

/** How time passes for who waits. */
export interface Waiting {
  readonly clock: Clock
  readonly pause: (milliseconds: number) => Promise<void>
}

const usualWaiting: Waiting = {
  clock: systemClock,
  pause: async (milliseconds) => {
    await delay(milliseconds)
  },
}

interface Patience {
  readonly quietMs: number
  readonly withinMs: number
}

/** Uses are reported within ten seconds: less than this would prove nothing. */
const quietMsMin = 30_000
const lookEveryMs = 5000
const tellEveryMs = 60_000
/** A verifier that has said nothing for this long may know of uses that nobody was told of. */
const silentMs = 120_000

/** Adds a credential, waits until nobody uses the ones of before, and revokes those. */
export function rotateCredential(order: Order, waiting: Waiting = usualWaiting): Promise<number> {
  const patience = patienceOf(order)
  if (typeof patience === 'string') {
    tell(`warder: ${patience}`)
    return Promise.resolve(2)
  }
  return withManagement(order, async (api) => {
    const { path } = await findGateway(api, order.arg(0))
    const credentials = `${path}/credentials`
    const old = (await listed(api, credentials)).map((credential) => textOf(credential, 'id'))
    const id = await issue(order, api, credentials)
    if (old.length === 0) {
      tell('there was no other credential: nothing is left to do')
      return
    }
    const quiet = printDuration(patience.quietMs)
    tell(`put it where the gateway reads it. Until nobody has used ${old.join(', ')} for ${quiet},`)
    tell('old and new count alike; whoever stops this command leaves it at that.')
    await waitForQuiet({ api, credentials, newId: id, patience, waiting })
    await refuseSilence(api, waiting.clock)
    for (const each of old) {
      const answer = await api.ask('DELETE', `${credentials}${pathTo(each)}`)
      tell(`${each} is revoked`)
      tellApplied(appliedOf(answer))
    }
  })
}

function patienceOf(order: Order): Patience | string {
  const quietMs = parseDuration(order.value('quiet') ?? '15m')
  const withinMs = parseDuration(order.value('within') ?? '1d')
  if (quietMs === undefined || withinMs === undefined) {
    return '--quiet and --within are durations: 90s, 15m, 1h'
  }
  if (quietMs < quietMsMin) {
    return `--quiet is ${printDuration(quietMsMin)} at least: uses are known some seconds later`
  }
  return withinMs < quietMs ? '--within is shorter than --quiet' : { quietMs, withinMs }
}

async function listed(api: Management, credentials: string): Promise<readonly Tree[]> {
  const found: Tree[] = []
  for await (const credential of api.list(credentials, 'credentials')) {
    found.push(withoutLinks(credential))
  }
  return found
}

/** The credential is printed at once: it is shown this once, whatever comes after. */
async function issue(order: Order, api: Management, credentials: string): Promise<string> {
  const { body } = await api.ask('POST', credentials, {})
  const [id, createdAt] = [textOf(body, 'id'), textOf(body, 'createdAt')]
  const credential = textOf(body, 'credential')
  tell(`credential ${id}, shown this once:`)
  showOnce(order, { id, createdAt, credential }, credential)
  return id
}

interface Watched {
  readonly api: Management
  readonly credentials: string
  readonly newId: string
  readonly patience: Patience
  readonly waiting: Waiting
}

async function waitForQuiet(watched: Watched): Promise<void> {
  const { api, credentials, newId, patience, waiting } = watched
  const { clock, pause } = waiting
  const start = clock.monotonic()
  const watch = createQuietWatch(newId, patience.quietMs, start)
  let [said, saidAt] = ['', start]
  for (let now = start; ; now = clock.monotonic()) {
    const live = await listed(api, credentials)
    if (live.every((credential) => credential['id'] !== newId)) throw new CommandFailed(newIsGone)
    const quiet = watch.look(live, now)
    if (quiet.quietForMs >= patience.quietMs && quiet.newIsUsed) return
    const line = progress(quiet)
    if (line !== said || now - saidAt >= tellEveryMs) {
      const left = printDuration(Math.floor(quiet.quietForMs / 1000) * 1000)
      tell(`${line}; quiet for ${left} of ${printDuration(patience.quietMs)}`)
      ;[said, saidAt] = [line, now]
    }
    if (now - start >= patience.withinMs) throw new CommandFailed(`${endless(quiet)}; ${nothing}`)
    await pause(lookEveryMs)
  }
}

const newIsGone =
  'the new credential was revoked meanwhile, or its key was retired: nothing else was revoked'
const nothing = 'nothing was revoked, old and new credentials count alike'

function progress({ using, newIsUsed }: Quiet): string {
  const old =
    using.length === 0 ? 'nobody uses the old' : `still in use: ${plain(using.join(', '))}`
  return newIsUsed ? old : `${old}; the new one was not used yet`
}

function endless({ using, newIsUsed }: Quiet): string {
  if (!newIsUsed) return 'the new credential was not used in all this time'
  return using.length === 0
    ? 'it was never quiet for long enough'
    : `still in use: ${plain(using.join(', '))}`
}

/** What a verifier cannot report has to be taken for a use. */
async function refuseSilence(api: Management, clock: Clock): Promise<void> {
  const path = `${await api.organization()}/verifiers`
  const silent: string[] = []
  for await (const verifier of api.list(path, 'verifiers')) {
    // One in the process of the authority is not enrolled, and reports at once.
    const { lastSeenAt, createdAt, environmentIds } = verifier
    if (typeof lastSeenAt !== 'string' || createdAt === undefined) continue
    if (Array.isArray(environmentIds) && !environmentIds.includes(api.environmentId)) continue
    if (clock.wall() - Date.parse(lastSeenAt) > silentMs) silent.push(cellOf(verifier, 'name'))
  }
  if (silent.length === 0) return
  throw new CommandFailed(
    `${plain(silent.join(', '))} has not been heard from, so nobody knows what is used there; ${nothing}: ` +
      'see "warder fleet", and "warder verifier revoke" what is there no more',
  )
}

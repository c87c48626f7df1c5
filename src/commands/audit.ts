import { verifyAuditAt } from '../authority/database.ts'
import { databaseUrl } from './authority-settings.ts'
import { withManagement } from './management.ts'
import type { Order } from './command.ts'
import { cellOf, withoutLinks, type Tree } from './reading.ts'
import { readStartConfig } from './start-config.ts'
import { startProblem } from './start-problem.ts'
import { columns, show, tell } from './terminal.ts'

/** Lists the audit of the organization, the oldest entry first. */
export function listAudit(order: Order): Promise<number> {
  const limit = order.value('limit')
  if (limit !== undefined && !/^\d{1,9}$/.test(limit)) {
    tell('warder: --limit is a number')
    return Promise.resolve(2)
  }
  const most = limit === undefined ? Infinity : Number(limit)
  return withManagement(order, async (api) => {
    const filters = ['after', 'actor', 'action'].flatMap((name) => {
      const value = order.value(name)
      return value === undefined ? [] : [[name, value]]
    })
    const query = new URLSearchParams(filters).toString()
    const path = `${await api.organization()}/audit`
    const entries: Tree[] = []
    if (most > 0) {
      for await (const entry of api.list(query === '' ? path : `${path}?${query}`, 'entries')) {
        entries.push(withoutLinks(entry))
        if (entries.length === most) break
      }
    }
    const names = ['sequence', 'at', 'actor', 'action', 'target', 'outcome']
    show(order, entries, () =>
      columns(
        names,
        entries.map((entry) =>
          names.map((name) => cellOf(entry, name === 'actor' ? actorOf(entry) : name)),
        ),
      ),
    )
  })
}

/** An administrator is shown by name. */
function actorOf(entry: Tree): string {
  return entry['actorName'] === undefined ? 'actor' : 'actorName'
}

/** Proves the chain of the audit in the database. */
export async function verifyAudit(order: Order): Promise<number> {
  const data = order.value('data')
  const config = readStartConfig(data === undefined ? [] : [`--data=${data}`])
  if (typeof config === 'number') return config
  try {
    const verdict = await verifyAuditAt(databaseUrl(config))
    const broken = verdict.kind === 'broken'
    show(order, verdict, () =>
      broken
        ? `the audit is broken at entry ${verdict.at}: what stands there and after it is not what was written\n`
        : `the audit is whole: ${verdict.entries} entries, the last one's hash is ${verdict.head}\n`,
    )
    return broken ? 1 : 0
  } catch (error) {
    tell(`warder: ${startProblem(error, config)}`)
    return 1
  }
}

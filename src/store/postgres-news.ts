import type { Client } from 'pg'
import { connect, disconnect } from './postgres-client.ts'
import { revisionChannel } from './postgres-writer.ts'

/** What the listener needs: where to listen, how to ask, whom to tell. */
export interface PostgresNewsDeps {
  readonly url: string
  readonly pollMs: number
  readonly newest: () => Promise<number>
  readonly tell: (revision: number) => void
}

/** Hears of other processes' revisions by notification, and asks every `pollMs` in case one was lost. */
export function listenToPostgres({ url, pollMs, newest, tell }: PostgresNewsDeps) {
  let client: Client | undefined
  let connecting: Promise<void> | undefined
  let closed = false

  const listen = async () => {
    const fresh = await connect(url, () => {
      client = undefined
    })
    fresh.on('notification', ({ payload }) => tell(Number(payload)))
    await fresh.query(`listen ${revisionChannel}`)
    client = fresh
  }
  const reconnect = () => {
    connecting ??= listen()
      // The next turn tries again, and the poll goes on meanwhile.
      .catch(() => undefined)
      .finally(() => {
        connecting = undefined
      })
  }
  const turn = async () => {
    if (client === undefined && !closed) {
      reconnect()
    }
    await newest().then(tell, () => undefined)
  }
  reconnect()
  const timer = setInterval(() => void turn(), pollMs)
  timer.unref()
  return {
    async close() {
      closed = true
      clearInterval(timer)
      await connecting
      if (client !== undefined) {
        await disconnect(client)
      }
    },
  }
}

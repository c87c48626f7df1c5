import { openSnapshots } from '../store/open.ts'
import { verifyAudit, type ChainVerdict } from '../store/verify.ts'

// For the commands, which assemble an authority and do not know the store.
export { moveToPostgres } from '../store/move.ts'
export { migrateStore, openStore } from '../store/open.ts'

/** Proves the audit chain of a database, which may be in use. */
export async function verifyAuditAt(url: string): Promise<ChainVerdict> {
  const store = await openSnapshots(url)
  try {
    return await verifyAudit(store)
  } finally {
    await store.close()
  }
}

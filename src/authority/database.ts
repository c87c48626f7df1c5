import { openStore } from '../store/open.ts'
import { verifyAudit, type ChainVerdict } from '../store/verify.ts'

// For the commands, which assemble an authority and do not know the store.
export { migrateStore, openStore } from '../store/open.ts'

/** Opens a database and proves its audit chain. */
export async function verifyAuditAt(url: string): Promise<ChainVerdict> {
  const store = await openStore({ url })
  try {
    return await verifyAudit(store)
  } finally {
    await store.close()
  }
}

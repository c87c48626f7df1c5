import type { Store } from '../store/store.ts'
import type { Clock } from '../system/clock.ts'
import type { ClientSecrets } from './client-secrets.ts'
import type { Fleet } from './fleet.ts'
import type { AuthoritySettings } from './settings.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { Write } from './writing.ts'

/** What handlers work with. */
export interface Parts {
  readonly store: Store
  readonly clock: Clock
  readonly settings: AuthoritySettings
  readonly keys: SigningKeys
  readonly secrets: ClientSecrets
  readonly fleet: Fleet
  readonly write: Write
}

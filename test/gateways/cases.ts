import { credentials } from './credentials.ts'
import { requests } from './requests.ts'
import type { Case } from './scene.ts'
import { surroundings } from './surroundings.ts'

/** What every gateway is put through, judged by what clients and the application see, in the order in which it is run. */
export const cases: readonly Case[] = [...requests, ...credentials, ...surroundings]

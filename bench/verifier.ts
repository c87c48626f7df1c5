import type { Row } from './rows.ts'
import { flood } from './verifier/flood.ts'
import { soak } from './verifier/soak.ts'
import { starting } from './verifier/starting.ts'

/** What a verifier reaches besides the processor time of a request. */
export const verifierRows: readonly Row[] = [starting, flood, soak]

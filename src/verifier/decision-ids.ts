import { randomBytes } from 'node:crypto'

/** Makes ids that no two decisions share, in any thread, process or machine. */
export function createDecisionIds(): () => string {
  const prefix = randomBytes(9).toString('base64url')
  let count = 0
  return () => `${prefix}${(count++).toString(36)}`
}

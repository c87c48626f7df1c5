import { describeApi } from '../src/authority/openapi.ts'

/** Writes the description of the management API, as the authority serves it. */
export function openApiPage(): string {
  return `${JSON.stringify(describeApi(), undefined, 2)}\n`
}

import { cellOf, treesOf, type Tree } from './reading.ts'

/** What is known of a refusal beside its body. */
export interface RefusalContext {
  readonly status: number
  readonly retryAfter: string | undefined
  /** Whether it was the sign-in that was refused. */
  readonly wasToken: boolean
  /** Where the client's name and secret were found. */
  readonly from: string
}

/** An error of the API as an operator reads it: code, message, details, and what to do. */
export function describeRefusal(body: Tree, context: RefusalContext): string {
  // Where there are details, the message only says that there are.
  const details = treesOf(body, 'details').map(
    (detail) =>
      `${cellOf(detail, 'target')}: ${cellOf(detail, 'message')} (${cellOf(detail, 'code')})`,
  )
  const [first = cellOf(body, 'message'), ...others] = details
  const fix = fixOf(context)
  const lines = [
    `${cellOf(body, 'code')}: ${first}`,
    ...others,
    ...(fix === undefined ? [] : [fix]),
  ]
  return lines.join('\n  ')
}

function fixOf({ status, retryAfter, wasToken, from }: RefusalContext): string | undefined {
  if (wasToken && status === 401) {
    return `the client of ${from} may not sign in here: it was revoked, or belongs to another authority or environment`
  }
  switch (status) {
    case 401:
      return 'the administrator was revoked meanwhile: sign in as another one'
    case 403:
      return 'this needs a role that the administrator does not have, or another --environment'
    case 404:
      return 'there is no such thing, it has ended already, or it is of another environment: see --environment'
    case 429:
      return `try again in ${retryAfter ?? 'a few'} seconds`
    case 500:
    case 503:
      return 'the log of the authority says why'
    default:
      return undefined
  }
}

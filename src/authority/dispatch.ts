// What happens to a request whose path and method are known:
//
//   who asks, and may they → body → query → handler → verifiers have applied it → answer
//
// From the commit on nothing here can fail any more.

import { randomUUID } from 'node:crypto'
import { StoreUnavailable } from '../store/errors.ts'
import type { Log } from '../telemetry/log.ts'
import { failure } from '../telemetry/safe-text.ts'
import type { Admission, Caller, Guard } from './access.ts'
import { readBody, type RawBody } from './body.ts'
import type { IsElsewhere } from './elsewhere.ts'
import type { FailedAccess } from './failed-access.ts'
import {
  invalidData,
  notFound,
  undecided,
  unavailable,
  unexpected,
  type Outcome,
  type Plain,
  type Refusal,
} from './outcome.ts'
import { isWellFormed, knownPath, parametersOf, type Operation } from './operation.ts'
import type { Route } from './route.ts'
import type { Settle } from './settling.ts'

/** A request as the server has it. */
export interface Incoming {
  readonly parameters: ReadonlyMap<string, string>
  readonly authorization: readonly string[]
  readonly source: string
  readonly path: string
}

/** Its other half, which is read once it is known who asks. */
interface IncomingContent {
  readonly query: unknown
  readonly body: RawBody | undefined
  readonly idempotencyKey: string | undefined
}

/** Who asks; nobody in particular, where everybody may. */
export interface Admitted {
  readonly kind: 'admitted'
  readonly caller: Caller | undefined
}

/** Runs operations. */
export interface Dispatch {
  /** Says who asks, or refuses. */
  readonly admit: (operation: Operation, incoming: Incoming) => Promise<Admitted | Refusal>
  readonly run: (
    route: Route,
    caller: Caller | undefined,
    content: Incoming & IncomingContent,
  ) => Promise<Outcome | Plain>
}

export interface DispatchParts {
  readonly guard: Guard
  readonly isElsewhere: IsElsewhere
  readonly settle: Settle
  readonly log: Log
  readonly onFailed: (failed: FailedAccess) => void
}

const keyForm = /^[\x21-\x7e]{1,255}$/

/** Creates what runs operations. */
export function createDispatch(parts: DispatchParts): Dispatch {
  const { guard, onFailed } = parts
  return {
    async admit({ access, path }, incoming) {
      if (access.kind === 'public') return { kind: 'admitted', caller: undefined }
      const { parameters, authorization } = incoming
      const tenant = {
        organizationId: parameters.get('organizationId'),
        environmentId: parameters.get('environmentId'),
      }
      const wellFormed = parametersOf(path).every((name) =>
        isWellFormed(name, parameters.get(name)),
      )
      const admission = await guard(
        authorization,
        access,
        wellFormed
          ? tenant
          : {
              organizationId: undefined,
              environmentId: undefined,
            },
      )
      if (admission.kind === 'refused') {
        onFailed(failedOf(admission, incoming, path))
        return admission.refusal
      }
      return wellFormed ? admission : notFound()
    },
    async run(route, caller, content) {
      const { operation } = route
      const body = readBody(operation, content.body)
      if (body.kind === 'refusal') return body
      const idempotencyKey = operation.method === 'POST' ? content.idempotencyKey : undefined
      if (idempotencyKey !== undefined && !keyForm.test(idempotencyKey)) return badKey()
      const outcome = await route.run({ ...content, caller, body: body.value, idempotencyKey })
      if (!caller) return outcome
      if (outcome.kind === 'refusal' && outcome.status === 404) {
        await enterStranger(parts, { ...content, caller, path: operation.path })
      }
      return settled(parts, outcome, caller)
    },
  }
}

async function settled(
  { settle, log }: DispatchParts,
  outcome: Outcome | Plain,
  { id: actor, organizationId }: Caller,
): Promise<Outcome | Plain> {
  if (!outcome.wait) return outcome
  try {
    const headers = await settle(outcome.wait, { actor, organizationId })
    // Of a change that was made before, only the waiting is repeated.
    return outcome.kind === 'refusal'
      ? outcome
      : { ...outcome, headers: { ...outcome.headers, ...headers } }
  } catch (error) {
    log.error('waiting for verifiers failed', { why: failure(error) })
    return outcome
  }
}

/** Whoever names another tenant's thing under a path of their own is told that there is none, and entered. */
async function enterStranger(
  { isElsewhere, log, onFailed }: DispatchParts,
  { caller, ...incoming }: Incoming & { readonly caller: Caller },
): Promise<void> {
  try {
    if (!(await isElsewhere(incoming.parameters))) return
    const refused = { kind: 'refused', refusal: notFound(), who: caller } as const
    onFailed(failedOf(refused, incoming, incoming.path))
  } catch (error) {
    log.warn('a thing that was not found could not be looked for elsewhere', {
      why: failure(error),
    })
  }
}

function badKey(): Refusal {
  return invalidData({
    code: 'INVALID_VALUE',
    target: 'Idempotency-Key',
    message: 'must be visible ASCII, 255 characters at the most',
  })
}

function failedOf(
  { refusal, who }: Extract<Admission, { readonly kind: 'refused' }>,
  { parameters, source }: Incoming,
  path: string,
): FailedAccess {
  return {
    action: refusal.status === 401 ? 'access.unauthenticated' : 'access.denied',
    actor: who?.id ?? 'unknown',
    target: knownPath(path, parameters),
    organizationId: who?.organizationId ?? null,
    environmentId: who?.environmentId ?? null,
    source,
  }
}

/** What is answered when something was thrown. */
export function refusalOfError(error: unknown, operation: Operation | undefined): Refusal {
  if (!(error instanceof StoreUnavailable)) return unexpected()
  if (error.outcome === 'unchanged') return unavailable()
  return undecided(operation && addsUp(operation) ? 409 : 503)
}

/** Whether doing it twice is more than doing it once; what clients of OAuth post is not. */
function addsUp({ method, accepts }: Operation): boolean {
  return method === 'POST' && accepts === 'json'
}

/** The body of an error, and the id under which the log has it. */
export function errorBody({ code, message, details, members }: Refusal) {
  const id = randomUUID()
  const body = { id, code, message, ...(details.length > 0 ? { details } : {}), ...members }
  return { id, body }
}

import { Type } from 'typebox'
import { acts } from './operation.ts'

const visibleAscii = '^[\\x21-\\x7e]+$'

/** What is to be explained: either of them. */
export const explainRequest = Type.Object({
  token: Type.Optional(Type.String({ minLength: 1, maxLength: 32_768 })),
  decisionId: Type.Optional(Type.String({ minLength: 1, maxLength: 128, pattern: visibleAscii })),
})

const explanation = Type.Object({
  decision: Type.Enum(['allow', 'deny', 'unavailable']),
  reason: Type.String(),
  revision: Type.Optional(Type.Integer()),
  steps: Type.Array(
    Type.Object({
      step: Type.String(),
      result: Type.Enum(['passed', 'failed', 'not reached']),
      detail: Type.String(),
    }),
  ),
  door: Type.Optional(Type.String()),
  credentialId: Type.Optional(Type.String()),
  gatewayId: Type.Optional(Type.String()),
  ended: Type.Optional(
    Type.Object({
      by: Type.String(),
      at: Type.String({ format: 'date-time' }),
      revision: Type.Optional(Type.Integer()),
    }),
  ),
})

/** What becomes of a token, or why a question was refused. */
export const explainOperation = acts(
  '/v1/environments/{environmentId}/explain',
  'Explain what becomes of a token, or why a question of late was refused',
  { kind: 'environment', role: 'environment-admin' },
  { body: explainRequest, answer: explanation },
)

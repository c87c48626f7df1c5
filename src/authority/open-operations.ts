import { acts, creates, reads, type Access } from './operation.ts'
import * as schemas from './schemas.ts'

const open: Access = { kind: 'public' }

/** What is answered without an administrator's token: descriptions, keys, and where tokens are bought. */
export const openOperations = {
  describeApi: reads('/api', 'This document', open, {
    answer: schemas.openApi,
    query: schemas.nothing,
  }),
  describeApiV1: reads('/v1/api', 'This document', open, {
    answer: schemas.openApi,
    query: schemas.nothing,
  }),
  readKeySet: reads('/.well-known/jwks.json', 'The public keys of this installation', open, {
    answer: schemas.keySet,
    query: schemas.nothing,
  }),
  issueToken: {
    ...creates(
      '/{environmentId}/as/token',
      'Buy an administrator’s token: client credentials, HTTP Basic',
      open,
      { body: schemas.tokenRequest, answer: schemas.accessToken },
    ),
    accepts: 'form',
    status: 200,
  },
  issueAccessToken: {
    ...acts(
      '/v2/oauth/token',
      'Buy an access token with an API credential: client credentials, in the body or as HTTP Basic',
      open,
      { body: schemas.accessTokenRequest, answer: schemas.clientAccessToken },
    ),
    accepts: 'form-or-json',
  },
  testAccessToken: reads(
    '/v2/oauth/token/test',
    'Say whether the access token in Authorization: Bearer still counts, and for how long',
    open,
    { answer: schemas.accessTokenTest, query: schemas.nothing },
  ),
  introspectToken: {
    ...acts(
      '/oauth/introspect',
      'Say of a token of the client’s organization whether it counts (RFC 7662)',
      open,
      { body: schemas.tokenQuestion, answer: schemas.introspection },
    ),
    accepts: 'form',
  },
  revokeToken: {
    ...acts('/oauth/revoke', 'End an access token that the client has bought (RFC 7009)', open, {
      body: schemas.tokenQuestion,
      answer: schemas.nothing,
    }),
    accepts: 'form',
  },
  describeAuthorizationServer: reads(
    '/.well-known/oauth-authorization-server',
    'What OAuth clients find the endpoints by (RFC 8414)',
    open,
    { answer: schemas.authorizationServer, query: schemas.nothing },
  ),
} as const

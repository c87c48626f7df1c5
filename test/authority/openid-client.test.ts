import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as client from 'openid-client'
import { addApiCredential } from './api-clients.ts'
import { claimsOf, openHouse, settingsFor } from './house.ts'

// A client that others have written: openid-client finds the endpoint by the metadata and does the grant.

test('R1 T14: a standard client does the client credentials grant by discovery, in the body and as Basic', async () => {
  const house = await openHouse({
    settingsAt: (url) => ({ credentials: { ...settingsFor(url).credentials, issuer: url } }),
  })
  try {
    const issuer = new URL(house.url)
    const api = await addApiCredential(house, { scopes: ['read'] })
    for (const authentication of [client.ClientSecretPost, client.ClientSecretBasic]) {
      const discovered = await client.discovery(
        issuer,
        api.clientId,
        undefined,
        authentication(api.clientSecret),
        { algorithm: 'oauth2', execute: [client.allowInsecureRequests] },
      )
      const { audience } = api
      const bought = await client.clientCredentialsGrant(discovered, { audience, scope: 'read' })
      assert.deepEqual(
        [bought.token_type, bought.expires_in, bought.scope],
        ['bearer', 3600, 'read'],
      )
      assert.equal(claimsOf(bought.access_token)['iss'], discovered.serverMetadata().issuer)
    }
  } finally {
    await house.close()
  }
})

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { ask, openHouse, type Answered, type House } from './house.ts'

/** An API credential as its client has it. */
export interface TestClient {
  readonly id: string
  /** Of its management. */
  readonly path: string
  readonly clientId: string
  readonly clientSecret: string
  readonly audience: string
}

/** Where the API credentials of a house are managed. */
export function apiCredentialsPath({ organizationId }: Pick<House, 'organizationId'>): string {
  return `/v1/organizations/${organizationId}/apiCredentials`
}

/** Adds an API credential. */
export async function addApiCredential(
  house: House,
  more: Record<string, unknown> = {},
): Promise<TestClient> {
  const path = apiCredentialsPath(house)
  const { status, body, text } = await house.ask('POST', path, {
    body: { name: randomUUID(), ...more },
  })
  assert.equal(status, 201, text)
  const [id, clientId] = [String(body['id']), String(body['clientId'])]
  const [clientSecret, audience] = [String(body['clientSecret']), String(body['audience'])]
  return { id, path: `${path}/${id}`, clientId, clientSecret, audience }
}

/** What a client sends for a token, as JSON has it. */
export function grantOf(client: Omit<TestClient, 'id' | 'path'>, more: object = {}) {
  return {
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_secret: client.clientSecret,
    audience: client.audience,
    ...more,
  }
}

/** Asks for an access token with a body of JSON. */
export function askForAccessToken(
  url: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Answered> {
  return ask(url, 'POST', '/v2/oauth/token', { body, headers })
}

/** Buys an access token. */
export async function buyAccessToken(house: House, client: TestClient, more: object = {}) {
  const { status, body, text } = await askForAccessToken(house.url, grantOf(client, more))
  assert.equal(status, 200, text)
  return String(body['access_token'])
}

/** The status of a client's attempt to buy a token. */
export async function buys(house: House, client: TestClient): Promise<number> {
  return (await askForAccessToken(house.url, grantOf(client))).status
}

/** Asks whether an access token counts. */
export function testToken(house: House, token: string): Promise<Response> {
  return fetch(`${house.url}/v2/oauth/token/test`, {
    headers: { authorization: `Bearer ${token}` },
  })
}

/** Does something in a house of its own; `path` is where its API credentials are managed. */
export async function withHouse(
  work: (house: House, path: string) => Promise<void>,
): Promise<void> {
  const house = await openHouse()
  try {
    await work(house, apiCredentialsPath(house))
  } finally {
    await house.close()
  }
}

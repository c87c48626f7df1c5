import type { Reason } from '../src/decision/reasons.ts'

interface ReasonText {
  /** What it means. */
  readonly means: string
  /** What an operator looks at. */
  readonly check: string
}

const nothingToDo = 'nothing'
const sentAgain = 'what the client or the gateway sends: only its own part may set this header'
const forged = 'where the token comes from: it was altered, cut off, or made by somebody else'

/** What there is to say of each reason. */
export const reasonTexts: Readonly<Record<Reason, ReasonText>> = {
  allowed: { means: 'the credential is live and the request may pass', check: nothingToDo },
  'allowed-in-outage': {
    means: 'nothing could be decided, and `outage.*` says to allow then',
    check: 'why the verifier has no standing: `/readyz`',
  },
  'credential-missing': {
    means: 'no credential was presented in any accepted header',
    check: 'whether the gateway sends one: `doors.NAME.carrier`, `doors.NAME.headers`',
  },
  'credential-doubled': {
    means: 'a credential header came twice, or two of them came',
    check: sentAgain,
  },
  'credential-misplaced': {
    means: 'a credential stood in the query or in a cookie of the original request',
    check: 'the client: credentials in addresses end up in logs; rotate this one',
  },
  'credential-malformed': {
    means: 'the header holds what can be no token: several values, spaces, a wrong scheme',
    check: 'the gateway’s configuration',
  },
  'question-incomplete': {
    means: 'the credential holds, but the gateway did not say which request it is about',
    check: 'the headers that the guide of this gateway sets',
  },
  'kind-refused': {
    means:
      'a valid token of another kind: a client’s where a gateway’s is required, or the other way around',
    check: '`doors.NAME.require`',
  },
  'environment-not-of-door': {
    means: 'the gateway is of another environment than the door or the path',
    check: '`doors.NAME.environment`, or the environment in the path',
  },
  'gateway-type-not-of-door': {
    means: 'the sideband door takes other types of gateways',
    check: '`doors.sideband.gatewayTypes`',
  },
  'address-refused': {
    means: 'the client asks from an address that its API credential is not for',
    check:
      '`allowedAddresses` of the API credential; whether the gateway tells the client’s address',
  },
  'rate-exceeded': {
    means: 'this credential asks more often than the sideband door allows',
    check: '`doors.sideband.requestsPerSecond`',
  },
  'denied-in-outage': {
    means: 'nothing could be decided, and `outage.*` says to deny then',
    check: 'why the verifier has no standing: `/readyz`',
  },
  'token-too-large': { means: 'the token is longer than 16 KiB', check: forged },
  'token-malformed': { means: 'not the one strict spelling of a compact JWS', check: forged },
  'header-refused': {
    means: 'the header holds `crit`, `jwk`, `x5u` or the like, which would bring a key along',
    check: forged,
  },
  'issuer-unknown': {
    means: 'nobody of that name is trusted here',
    check:
      '`iss` with `warder explain`; `trust` for outside issuers; whether it is of another installation',
  },
  'key-unknown': {
    means: 'the issuer has no such key, has it no longer, or has it for another kind of token',
    check:
      '`warder key list`: with a retired key all that it has signed ends; `trust[].jwks` and `trust[].algorithms`',
  },
  'algorithm-refused': {
    means: 'the token names another algorithm than its key has',
    check: forged,
  },
  'signature-invalid': { means: 'the key did not sign this', check: forged },
  'type-refused': {
    means: '`typ` is not that of a kind which is accepted from this issuer',
    check: '`trust[].typ`; whether this is an access token or an identity token',
  },
  'audience-refused': {
    means: 'the token is meant for somebody else',
    check: '`credentials.audience`, `trust[].audience`',
  },
  'claims-malformed': { means: 'a claim that has to be there is not, or is none', check: forged },
  'lifetime-too-long': {
    means: 'a client’s token that lives for more than a day',
    check: 'the issuer’s settings',
  },
  'key-closed': {
    means: 'signed after the time up to which its key counts: after the backup that was restored',
    check:
      'add a new credential: the one that was lost with the restore cannot be revoked any more',
  },
  expired: { means: 'its time is over', check: 'whether the client renews its tokens; clocks' },
  'not-yet-valid': { means: 'its time has not come', check: 'clocks, and `leeway.nbf`' },
  'issued-in-future': { means: 'issued later than now', check: 'clocks, and `leeway.nbf`' },
  'key-not-trusted': {
    means: 'the key or the issuer was trusted when this was proved, and is no longer',
    check: '`warder key list`, `trust`',
  },
  'credential-revoked': {
    means: 'somebody revoked it',
    check: '`warder explain` says who and when; who still presents it may have found it',
  },
  'gateway-disabled': { means: 'the gateway is disabled', check: '`warder gateway enable`' },
  'gateway-deleted': { means: 'the gateway was deleted', check: 'the audit' },
  'environment-disabled': { means: 'its environment is disabled', check: 'the audit' },
  'environment-deleted': { means: 'its environment was deleted', check: 'the audit' },
  'environment-not-accepted': {
    means: 'this verifier is enrolled for other environments',
    check: '`warder verifier list`; enrol it for this one too',
  },
  'client-deleted': { means: 'the API credential was deleted', check: 'the audit' },
  'tokens-revoked': {
    means: 'all tokens of the API credential that were sold until then were ended',
    check: 'whether the client buys a new one',
  },
  'issued-before-mark': {
    means: 'issued before a time that an operator has named',
    check: 'the audit',
  },
  'no-state': {
    means: 'the verifier knows of nothing yet',
    check: '`/readyz`; whether it reaches the authority; whether its state file is whole',
  },
  'keys-unread': {
    means: 'the key set of an outside issuer, or its list of revoked ids, was not read yet',
    check: '`/readyz`, `trust[].jwks`, `trust[].revoked`',
  },
  'state-expired': {
    means: 'the authority was not heard for longer than `freshness.expireAfter`',
    check: 'the authority, the network, `warder_standing_age_seconds`',
  },
  'keys-expired': {
    means:
      'the key set of an outside issuer could not be fetched for longer than `freshness.expireAfter`, or 15 minutes where that is shorter',
    check: '`/readyz`, `trust[].jwks`, `warder_key_set_age_seconds`',
  },
  'internal-error': { means: 'a mistake of this program', check: 'the log, and report it' },
  overloaded: {
    means: 'tokens that were not seen before come faster than signatures can be verified',
    check: 'who floods; more `workers`; tokens that were seen are answered all the same',
  },
}

/** The parts that speak a gateway's protocol. */
export const doorNames = [
  'nginx',
  'forward',
  'envoy',
  'grpc',
  'sideband',
  'authzen',
  'spoe',
] as const
export type DoorName = (typeof doorNames)[number]

/** What is wrong with the way in which a question was put. */
export type CarrierReason =
  | 'credential-missing'
  | 'credential-doubled'
  | 'credential-misplaced'
  | 'credential-malformed'

/** A token as it was presented, or why there is none to look at. */
export type Presented =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: CarrierReason }

/** The request that a gateway asks about, as raw as it came. */
export interface AskedRequest {
  readonly method: string
  readonly target: string
  readonly host: string
  readonly scheme: string
  readonly address: string | undefined
}

/** What a door asks: which credentials were presented, for which request. */
export interface Question {
  readonly gateway: Presented
  readonly client: Presented
  /**
   * `undefined` where the gateway did not say which request it is about. Looked at only once the credentials hold, so
   * that a door may leave the reading of it until then; what it finds misplaced in it is its answer instead.
   */
  readonly request: AskedRequest | 'credential-misplaced' | undefined
  /** The environment that the question names; the gateway must be of it. */
  readonly environment?: string | undefined
}

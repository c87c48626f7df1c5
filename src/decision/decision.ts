import type { Proof } from '../credential/proof.ts'
import type { Revision } from '../standing/standing.ts'
import type { Identity } from './identity.ts'
import type { AllowReason, DenyReason, OutageReason } from './reasons.ts'

/** What was found out about the caller on the way to a decision. */
export interface Findings {
  readonly revision: Revision | undefined
  readonly gateway: Proof | undefined
  readonly client: Proof | undefined
}

// A protected member makes these types nominal: nothing that merely looks like a decision is one. The classes are
// called in decide.ts alone; everybody else takes a `Decision`.

export class Allow {
  readonly kind = 'allow'
  readonly reason: AllowReason
  readonly identity: Identity
  readonly findings: Findings
  protected readonly decided = true

  constructor(reason: AllowReason, identity: Identity, findings: Findings) {
    this.reason = reason
    this.identity = identity
    this.findings = findings
  }
}

export class Deny {
  readonly kind = 'deny'
  readonly reason: DenyReason
  readonly findings: Findings
  protected readonly decided = true

  constructor(reason: DenyReason, findings: Findings) {
    this.reason = reason
    this.findings = findings
  }
}

export class Unavailable {
  readonly kind = 'unavailable'
  readonly reason: OutageReason
  readonly findings: Findings
  protected readonly decided = true

  constructor(reason: OutageReason, findings: Findings) {
    this.reason = reason
    this.findings = findings
  }
}

export type Decision = Allow | Deny | Unavailable

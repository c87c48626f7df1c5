/** Which part of what happens is a verifier's business. */
export interface Scope {
  readonly organizationId: string
  /** In order, so that equal scopes look alike. */
  readonly environmentIds: readonly string[]
}

/** The same for equal scopes. */
export function scopeKey({ organizationId, environmentIds }: Scope): string {
  return [organizationId, ...environmentIds].join(' ')
}

/** Whether something that belongs to a tenant, or to nobody in particular, is of a scope. */
export function isOf(
  { organizationId, environmentIds }: Scope,
  owner: { readonly organizationId: string | null; readonly environmentId: string | null },
): boolean {
  if (owner.environmentId !== null) return environmentIds.includes(owner.environmentId)
  return owner.organizationId === null || owner.organizationId === organizationId
}

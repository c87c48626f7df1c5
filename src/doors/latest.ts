/**
 * Keeps what was made of the latest key: who asks twice in a row, as one gateway alone does, is put into words once. What
 * is made must depend on nothing but the key, and the key must never change.
 */
export function latest<K extends object, V>(make: (key: K) => V): (key: K) => V {
  let kept: { readonly key: K; readonly value: V } | undefined
  return (key) => {
    if (kept?.key !== key) kept = { key, value: make(key) }
    return kept.value
  }
}

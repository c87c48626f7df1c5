/** One thing that is wrong with a configuration. */
export interface Mistake {
  /** `warder.yaml:3:9`, the name of an environment variable, or a flag. */
  readonly where: string
  /** The key that it is about, where it is about one. */
  readonly key?: string
  readonly problem: string
  /** What to do. */
  readonly fix: string
}

/** A mistake as one line. */
export function describeMistake({ where, key, problem, fix }: Mistake): string {
  return [where, key, `${problem}; ${fix}`].filter((part) => part !== undefined).join(': ')
}

/** A value that a source gives to the key at a path of the configuration object. */
export interface Given<R> {
  readonly path: string
  readonly raw: R
  readonly where: string
}

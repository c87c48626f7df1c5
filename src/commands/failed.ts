import { tell } from './terminal.ts'

/** A command cannot do what it was told; the message is what the operator reads. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
  /** The status of the answer that it was, if it was one. */
  readonly status: number | undefined

  constructor(message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options)
    this.status = options.status
  }
}

/** Does what a command is for; says what went wrong, if something does. Resolves to the exit code. */
export async function reported(work: () => Promise<void>): Promise<number> {
  try {
    await work()
    return 0
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    tell(`warder: ${error.message}`)
    return 1
  }
}

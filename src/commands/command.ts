/** A flag that a command takes. */
export interface Flag {
  readonly name: string
  /** What stands for its value in the help; a flag without one is given or not. */
  readonly value?: string
  /** Whether it may be given more than once. */
  readonly many?: true
  readonly doc: string
}

/** What the words behind a command say. */
export interface Order {
  /** The argument at a place; a mistake of the program where the command has no such argument. */
  readonly arg: (place: number) => string
  /** The argument at a place that may be left out. */
  readonly argIfAny: (place: number) => string | undefined
  readonly value: (flag: string) => string | undefined
  readonly values: (flag: string) => readonly string[]
  readonly has: (flag: string) => boolean
  /** Whether the command has such a flag at all. */
  readonly knows: (flag: string) => boolean
  /** The words that are for the configuration to read. */
  readonly rest: readonly string[]
}

/** A command, as help, reference and the reading of words know it. */
export interface Command {
  /** `gateway`, `add`. */
  readonly words: readonly string[]
  /** What follows the words; in brackets, what may be left out. */
  readonly args: readonly string[]
  readonly summary: string
  /** What an operator has to know besides, in sentences. */
  readonly more: string
  readonly flags: readonly Flag[]
  /** Whether it takes the flags of the configuration too. */
  readonly configuration: boolean
  readonly example: string
  /** Does it and resolves to the exit code; loaded only then, so that each command starts with what it needs. */
  readonly run: (order: Order) => Promise<number>
}

/** The flag that every command takes. */
export const helpFlag: Flag = { name: 'help', doc: 'print this' }

/** The words of a command as they are typed. */
export function nameOf({ words }: Pick<Command, 'words'>): string {
  return words.join(' ')
}

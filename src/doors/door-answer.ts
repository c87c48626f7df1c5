/** An answer over HTTP as it is to be written; its length is added. */
export interface DoorAnswer {
  readonly status: number
  /** Name, value, name, value …, with no end of a line in any. */
  readonly headers: readonly string[]
  readonly body: string
  /** One byte for a character where the text holds bytes as they came; else UTF-8. */
  readonly encoding?: 'utf8' | 'latin1'
}

import type { Presented, Question } from '../decision/question.ts'

/** What is said of a question when it is looked at. */
export interface Later {
  readonly client: () => Presented
  readonly request: () => Question['request']
}

/**
 * A question that is read only as far as it is looked at. An object with getters of its own, made for each question, would
 * have V8 make a class for each of them, which holds on to all that the getters see until the next great collection.
 */
export class LaterQuestion implements Question {
  readonly gateway: Presented
  readonly environment: string | undefined
  readonly #later: Later

  constructor(gateway: Presented, environment: string | undefined, later: Later) {
    this.gateway = gateway
    this.environment = environment
    this.#later = later
  }

  get client(): Presented {
    return this.#later.client()
  }

  get request(): Question['request'] {
    return this.#later.request()
  }
}

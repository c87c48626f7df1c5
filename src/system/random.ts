import { randomInt } from 'node:crypto'

const steps = 2 ** 32

/** A number from 0 to below 1, for jitter: nobody can foresee it, and nothing secret is made of it. */
export function systemRandom(): number {
  return randomInt(steps) / steps
}

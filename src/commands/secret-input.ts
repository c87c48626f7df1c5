import { readFileSync } from 'node:fs'
import { codeOf } from './code.ts'
import { CommandFailed } from './failed.ts'

const standardInput = 0

/** Reads a credential from a file, or from standard input where that is `-`. */
export function readSecret(file: string): string {
  try {
    return readFileSync(file === '-' ? standardInput : file, 'utf8').trim()
  } catch (error) {
    throw new CommandFailed(`what --file names cannot be read (${codeOf(error)})`, {
      cause: error,
    })
  }
}

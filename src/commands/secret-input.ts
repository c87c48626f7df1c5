import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { codeOf } from '../system/error-code.ts'
import { CommandFailed } from './failed.ts'

/** Reads a credential from a file, or from standard input where that is `-`. */
export async function readSecret(file: string): Promise<string> {
  const isInput = file === '-'
  try {
    return (isInput ? await text(process.stdin) : await readFile(file, 'utf8')).trim()
  } catch (error) {
    const source = isInput ? 'standard input' : 'what --file names'
    throw new CommandFailed(`${source} cannot be read (${codeOf(error)})`, { cause: error })
  }
}

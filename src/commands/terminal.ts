import process from 'node:process'
import { codeOf } from '../system/error-code.ts'
import type { Order } from './command.ts'

/** Writes what was asked for. */
export function print(text: string): void {
  process.stdout.write(text)
}

/** Writes what is said beside it, so that what was asked for can be piped. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Writes a value as JSON. */
export function printJson(value: unknown): void {
  print(jsonOf(value))
}

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

/** Ends where standard output takes nothing: whoever reads no further (`| head`) has seen what they wanted. */
export function leaveOutput(error: NodeJS.ErrnoException): void {
  const isClosed = error.code === 'EPIPE'
  if (!isClosed) tell(`warder: standard output cannot be written (${codeOf(error)})`)
  process.exit(isClosed ? 0 : 1)
}

/** Writes a secret alone, or as JSON all that belongs to it; where it cannot be written, nobody will see it again. */
export function showOnce(order: Order, value: unknown, secret: string): void {
  process.stdout.write(order.has('json') ? jsonOf(value) : `${secret}\n`, (error) => {
    if (error === null || error === undefined) return
    const lost = 'what is shown this once is lost: end it, and make another'
    tell(`warder: standard output cannot be written (${codeOf(error)}), so ${lost}`)
    process.exit(1)
  })
}

/** Writes a value as JSON where that is asked for, else the text that it is for people. */
export function show(order: Order, value: unknown, text: () => string): void {
  if (order.has('json')) printJson(value)
  else print(text())
}

/** A text as it is shown: what others have written may hold anything, and a terminal would obey some of it. */
export function plain(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?')
}

/** Rows in columns, under a head. */
export function columns(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows.map((row) => row.map(plain))]
  const widths = head.map((_, place) => Math.max(...all.map((row) => row[place]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row.map((cell, place) => cell.padEnd(widths[place] ?? 0)).join('  ')
  return all.map((row) => `${line(row).trimEnd()}\n`).join('')
}

/** Names and values, one a line; those that are not there are left out. */
export function facts(named: Readonly<Record<string, string | undefined>>): string {
  const there = Object.entries(named).filter(([, value]) => value !== undefined)
  const width = Math.max(...there.map(([name]) => name.length))
  return there.map(([name, value = '']) => `${name.padEnd(width)}  ${plain(value)}\n`).join('')
}

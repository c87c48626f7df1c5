import process from 'node:process'
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
  print(`${JSON.stringify(value, undefined, 2)}\n`)
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

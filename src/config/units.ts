interface Unit {
  readonly name: string
  readonly size: number
}

// From the largest down, so that the first one that divides evenly is the one to print.
const durationUnits: readonly Unit[] = [
  { name: 'd', size: 86_400_000 },
  { name: 'h', size: 3_600_000 },
  { name: 'm', size: 60_000 },
  { name: 's', size: 1000 },
  { name: 'ms', size: 1 },
]
const sizeUnits: readonly Unit[] = [
  { name: 'GiB', size: 1024 ** 3 },
  { name: 'MiB', size: 1024 ** 2 },
  { name: 'KiB', size: 1024 },
  { name: 'B', size: 1 },
]

function parse(text: string, units: readonly Unit[]): number | undefined {
  const [, digits, name] = /^(\d{1,16})([A-Za-z]+)$/.exec(text) ?? []
  const unit = units.find((candidate) => candidate.name === name)
  const value = Number(digits) * (unit?.size ?? Number.NaN)
  return Number.isSafeInteger(value) ? value : undefined
}

function print(value: number, units: readonly Unit[], zero: string): string {
  const unit = units.find(({ size }) => value % size === 0)
  return value === 0 || unit === undefined ? zero : `${value / unit.size}${unit.name}`
}

/** Reads `250ms`, `15s`, `5m`, `1h` or `30d` as milliseconds; anything else is undefined. */
export function parseDuration(text: string): number | undefined {
  return parse(text, durationUnits)
}

/** Writes whole milliseconds in the largest unit that needs no fraction. */
export function printDuration(milliseconds: number): string {
  return print(milliseconds, durationUnits, '0s')
}

/** Reads `512B`, `64KiB`, `1MiB` or `2GiB` as bytes; anything else is undefined. */
export function parseSize(text: string): number | undefined {
  return parse(text, sizeUnits)
}

/** Writes whole bytes in the largest unit that needs no fraction. */
export function printSize(bytes: number): string {
  return print(bytes, sizeUnits, '0B')
}

/** An answer over HTTP as it is to be written; its length is added. */
export interface DoorAnswer {
  readonly status: number
  /** Header lines, made by `headerLine`, one behind the other. */
  readonly lines: string
  readonly body: string
  /** One byte for a character where the text holds bytes as they came; else UTF-8. */
  readonly encoding?: 'utf8' | 'latin1'
}

/** A header as it goes over the wire; there is no end of a line in its value. */
export function headerLine(name: string, value: string): string {
  return `${name}: ${value}\r\n`
}

/** The same headers as a list: name, value, name, value … */
export function headerList(lines: string): readonly string[] {
  return lines
    .split('\r\n')
    .slice(0, -1)
    .flatMap((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 2)]
    })
}

/** As gateway kits and standards have it, where a charset says nothing. */
export const plainJsonLine: string = headerLine('Content-Type', 'application/json')
export const jsonLine: string = headerLine('Content-Type', 'application/json; charset=utf-8')
export const noStoreLine: string = headerLine('Cache-Control', 'no-store')

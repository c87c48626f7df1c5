import { isatty } from 'node:tty'
import { pino, type Logger } from 'pino'
import type { Fields, SafeFields, SafeMessage } from './safe-text.ts'
import { createSink, type Sink } from './sink.ts'

/** The weight of a line. */
type Level = 'debug' | 'info' | 'warn' | 'error'

/** Writes a line: a message of the source's own, and fields that are known to hold no secret. */
type Write = <const M extends string, const F extends Fields>(
  message: M & SafeMessage<M>,
  fields?: F & SafeFields<F>,
) => void

/** Where a part tells what an operator should know; writing never waits for anything. */
export interface Log {
  readonly debug: Write
  readonly info: Write
  readonly warn: Write
  readonly error: Write
  /** A log whose every line has these fields too. */
  readonly with: <const F extends Fields>(fields: F & SafeFields<F>) => Log
}

/** The log of a process. */
export interface RootLog extends Log {
  /** How many lines were lost because nobody read them in time. */
  readonly dropped: () => number
  /** Writes out what is waiting, for a second at most. */
  readonly close: () => Promise<void>
}

/** How a log is made. */
export interface LogOptions {
  readonly level: Level
  readonly fd: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Short lines for people; by default where the descriptor is a terminal. */
  readonly human?: boolean
  /** How much text may wait to be written, in characters. */
  readonly capacity?: number
}

const closeMs = 1000

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function humanLine(line: string): string {
  const record: unknown = JSON.parse(line)
  if (!isRecord(record)) return line
  const { level, time, msg, ...fields } = record
  const shown = Object.entries(fields).map(([name, value]) => `  ${name}=${String(value)}`)
  const [, clock = ''] = /T([\d:]+)/.exec(String(time)) ?? []
  return `${clock} ${String(level).padEnd(5)} ${String(msg)}${shown.join('')}\n`
}

function wrap(logger: Logger): Log {
  const at =
    (level: Level): Write =>
    (message, fields) =>
      logger[level](fields ?? {}, message)
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => wrap(logger.child(fields)),
  }
}

/** Opens the log of a process: JSON lines, or short ones on a terminal. */
export function createLog(options: LogOptions): RootLog {
  const { level, fd, now, human = isatty(fd), capacity } = options
  const time = () => new Date(now()).toISOString()
  const shape = human ? humanLine : (line: string) => line
  const sink: Sink = createSink({
    fd,
    ...(capacity === undefined ? {} : { capacity }),
    notice: (lost) => {
      const record = { level: 'warn', time: time(), lost, msg: 'log lines are missing here' }
      return shape(`${JSON.stringify(record)}\n`)
    },
  })
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${time()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => sink.write(shape(line)) },
  )
  return { ...wrap(logger), dropped: sink.dropped, close: async () => sink.close(closeMs) }
}

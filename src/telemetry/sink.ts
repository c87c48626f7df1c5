import { constants, fstatSync, openSync, write } from 'node:fs'
import { Socket } from 'node:net'
import process from 'node:process'

// Nobody may wait for a log. Lines are held in memory up to a bound and written in the background, one write at a time;
// beyond the bound they are counted and forgotten. A pipe or a socket goes through the event loop's own non-blocking
// streams and not through the thread pool: a write there that blocks holds one of four threads, and ending the process
// waits for it forever.

/** A place for lines that never keeps anybody waiting. */
export interface Sink {
  readonly write: (line: string) => void
  /** How many lines were lost because the other side was too slow, or gone. */
  readonly dropped: () => number
  /** Waits until everything is written, but no longer than this, and then writes nothing any more. */
  readonly close: (milliseconds: number) => Promise<void>
}

/** How a sink is made. */
export interface SinkOptions {
  readonly fd: number
  /** How much text may wait, in characters. */
  readonly capacity?: number
  /** The line that tells a reader where others are missing. */
  readonly notice: (lost: number) => string
}

interface Drain {
  readonly pour: (chunk: string, done: (written: boolean) => void) => void
  /** Gives up on what has not been written. */
  readonly abandon: () => void
}

// Opening a pipe again makes it ours alone: process.stdout sets its own description of it to blocking.
function reopen(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    // No /proc, or the pipe belongs to another user: the one at hand serves.
    return fd
  }
}

function streamDrain(fd: number): Drain {
  const socket = new Socket({ fd, readable: false, writable: true })
  // The callback of each write tells what is to be told.
  socket.on('error', () => {})
  return {
    pour: (chunk, done) => {
      if (socket.writable)
        socket.write(chunk, (error) => done(error === null || error === undefined))
      else setImmediate(done, false)
    },
    abandon: () => socket.destroy(),
  }
}

const retryMs = 20

function fileDrain(fd: number): Drain {
  let abandoned = false
  const pour: Drain['pour'] = (chunk, done) => pourBytes(Buffer.from(chunk), done)
  const pourBytes = (bytes: Buffer, done: (written: boolean) => void) => {
    write(fd, bytes, (error, count) => {
      if (error === null && count === bytes.length) done(true)
      else if (error === null) pourBytes(bytes.subarray(count), done)
      else if (error.code === 'EAGAIN' && !abandoned) setTimeout(pourBytes, retryMs, bytes, done)
      else done(false)
    })
  }
  return {
    pour,
    abandon: () => {
      abandoned = true
    },
  }
}

function drainOf(fd: number): Drain {
  const kind = fstatSync(fd)
  if (kind.isFIFO()) return streamDrain(reopen(fd))
  if (!kind.isSocket()) return fileDrain(fd)
  // A socket cannot be opened again. process.stdout and process.stderr make theirs blocking when they are first
  // touched; touched now, that is over before ours is made non-blocking.
  void [process.stdout, process.stderr]
  return streamDrain(fd)
}

class BackgroundSink implements Sink {
  readonly #drain: Drain
  readonly #capacity: number
  readonly #notice: (lost: number) => string
  #waiting: string[] = []
  #held = 0
  #lost = 0
  #untold = 0
  #busy = false
  #closed = false
  #onIdle: (() => void) | undefined

  constructor({ fd, capacity = 1 << 20, notice }: SinkOptions) {
    this.#drain = drainOf(fd)
    this.#capacity = capacity
    this.#notice = notice
  }

  readonly write = (line: string): void => {
    if (this.#closed || this.#held + line.length > this.#capacity) this.#lose(1)
    else this.#push(line)
  }

  readonly dropped = (): number => this.#lost

  readonly close = async (milliseconds: number): Promise<void> => {
    this.#closed = true
    if (!this.#busy && this.#waiting.length === 0) return
    await new Promise<void>((resolve) => {
      const late = setTimeout(() => {
        this.#drain.abandon()
        resolve()
      }, milliseconds)
      this.#onIdle = () => {
        clearTimeout(late)
        resolve()
      }
    })
  }

  #lose(lines: number): void {
    this.#lost += lines
    this.#untold += lines
  }

  #push(line: string): void {
    this.#held += line.length
    // The lines of one turn of the event loop go out together.
    if (this.#waiting.push(line) === 1 && !this.#busy) setImmediate(() => this.#flush())
  }

  #flush(): void {
    if (this.#busy) return
    if (this.#waiting.length === 0) {
      this.#onIdle?.()
      return
    }
    this.#busy = true
    const lines = this.#waiting
    this.#waiting = []
    const chunk = lines.join('')
    this.#drain.pour(chunk, (written) => this.#settle(lines.length, chunk.length, written))
  }

  #settle(lines: number, size: number, written: boolean): void {
    this.#busy = false
    this.#held -= size
    if (!written) this.#lose(lines)
    if (written && this.#untold > 0) {
      this.#push(this.#notice(this.#untold))
      this.#untold = 0
    }
    this.#flush()
  }
}

/** Opens a sink on a file descriptor. */
export function createSink(options: SinkOptions): Sink {
  return new BackgroundSink(options)
}

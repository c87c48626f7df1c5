// Processor time of a process and all that it started, from /proc. The stat line of a process already sums its
// threads, also those that have ended, and (as "children's time") children that have ended.

import { readdirSync, readFileSync } from 'node:fs'

/** What a stat line of /proc tells about one process. */
export interface ProcessStat {
  readonly parent: number
  readonly userMs: number
  readonly systemMs: number
}

/** What a process tree has used so far, and what it holds now. */
export interface TreeUse {
  readonly userMs: number
  readonly systemMs: number
  readonly rssBytes: number
}

// USER_HZ: what the kernel counts in towards user space is 100 a second on every Linux architecture we run on.
const millisPerTick = 10

/** Reads a stat line; the program's name in it may hold spaces and brackets of its own. */
export function parseStat(line: string): ProcessStat {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const field = (index: number) => Number(fields[index])
  const [parent, user, system, childrenUser, childrenSystem] = [1, 11, 12, 13, 14].map(field)
  return {
    parent: parent ?? 0,
    userMs: ((user ?? 0) + (childrenUser ?? 0)) * millisPerTick,
    systemMs: ((system ?? 0) + (childrenSystem ?? 0)) * millisPerTick,
  }
}

/** The root and every process below it. */
export function processTree(root: number, parents: ReadonlyMap<number, number>): readonly number[] {
  const children = [...parents].filter(([, parent]) => parent === root).map(([pid]) => pid)
  return [root, ...children.flatMap((child) => processTree(child, parents))]
}

/** Sums what a process and all its descendants have used; throws if the root has gone. */
export function treeUse(root: number): TreeUse {
  const stats = readStats()
  if (!stats.has(root)) throw new Error(`process ${root} has ended`)
  const parents = new Map([...stats].map(([pid, { parent }]) => [pid, parent]))
  const tree = processTree(root, parents)
  const sum = (of: (pid: number) => number) => tree.reduce((total, pid) => total + of(pid), 0)
  return {
    userMs: sum((pid) => stats.get(pid)?.userMs ?? 0),
    systemMs: sum((pid) => stats.get(pid)?.systemMs ?? 0),
    rssBytes: sum(rssBytes),
  }
}

function readStats(): ReadonlyMap<number, ProcessStat> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const lines = pids.map((pid) => [Number(pid), readOrEmpty(`/proc/${pid}/stat`)] as const)
  return new Map(lines.filter(([, line]) => line).map(([pid, line]) => [pid, parseStat(line)]))
}

function rssBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readOrEmpty(`/proc/${pid}/status`))
  return Number(found?.[1] ?? 0) * 1024
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Processes end between being listed and being read.
    return ''
  }
}

import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import process from 'node:process'
import type { Circumstances } from './machine.ts'

/** Writes a run's figures with its circumstances and answers the file's path. */
export function writeResults(name: string, where: Circumstances, figures: object): string {
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${where.date.replaceAll(/[:.]/g, '-')}-${name}.json`)
  writeFileSync(file, `${JSON.stringify({ ...where, ...figures }, null, 2)}\n`)
  return relative(process.cwd(), file)
}

/** One line about machine and programs. */
export function circumstancesLine({ machine, versions, commit }: Circumstances): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`
  return `${machine.cpu}, ${machine.cores} cores, ${memory}, ${machine.kernel}; ${programs.join(', ')}; commit ${commit}`
}

import { readFileSync } from 'node:fs'

/** A fenced block of shell commands in a page. */
export interface ShellBlock {
  readonly commands: string
  /** Why it is not run here, where it is not. */
  readonly notRun: string | undefined
  /** What the page says is then seen, if it says so. */
  readonly seen: string | undefined
}

/** The fenced blocks of shell commands in a page, in order; a block of text right behind one is what is then seen. */
export function shellBlocks(page: string): readonly ShellBlock[] {
  const text = readFileSync(page, 'utf8')
  const fences = [...text.matchAll(/^```(\w*)([^\n]*)\n(.*?)^```$/gms)]
  return fences.flatMap(([whole, language, rest = '', commands = ''], at) => {
    if (language !== 'sh') return []
    const notRun = /^ not-run: (.+)$/.exec(rest)?.[1]
    const next = fences[at + 1]
    const end = (fences[at]?.index ?? 0) + whole.length
    const follows = next?.[1] === 'text' && text.slice(end, next.index).trim() === ''
    return [{ commands, notRun, seen: follows ? next[3] : undefined }]
  })
}

/** Whether an output is what a page says, where `…` stands for anything within a line. */
export function isSeen(output: string, seen: string): boolean {
  const [lines, wanted] = [output, seen].map((text) => text.trim().split('\n'))
  return (
    lines?.length === wanted?.length &&
    wanted?.every((line, at) => {
      const parts = line
        .trim()
        .split('…')
        .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
      return new RegExp(`^${parts.join('.*')}$`).test(lines?.[at]?.trim() ?? '')
    }) === true
  )
}

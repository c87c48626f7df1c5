// Scripts that complete words in a shell, made of the table of commands: they ask nobody, so they are quick.

import { helpFlag, nameOf, type Command } from './command.ts'
import type { Order } from './command.ts'
import { print, tell } from './terminal.ts'

interface Choice {
  readonly word: string
  readonly says: string
}

/** What can come next, by what stands before: no word, a first word, or a whole command. */
interface Choices {
  readonly after: string
  readonly choices: readonly Choice[]
}

const shells: ReadonlyMap<string, (all: readonly Choices[]) => string> = new Map([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
])

/** Prints the script for a shell. */
export function completion(commands: readonly Command[], order: Order): number {
  const script = shells.get(order.arg(0))
  if (!script) {
    tell(`warder: SHELL is one of ${[...shells.keys()].join(', ')}`)
    return 2
  }
  print(script(choicesOf(commands)))
  return 0
}

function choicesOf(commands: readonly Command[]): readonly Choices[] {
  const firsts = Map.groupBy(commands, ({ words: [first = ''] }) => first)
  const top = [...firsts].map(([word, [command, ...others]]) => ({
    word,
    says: others.length === 0 ? (command?.summary ?? '') : `commands about ${word}`,
  }))
  const groups = [...firsts].map(([after, group]) => ({
    after,
    choices: group.flatMap((command) => secondOf(command)),
  }))
  const flags = commands.map((command) => ({
    after: nameOf(command),
    choices: [...command.flags, helpFlag].map(({ name, doc }) => ({
      word: `--${name}`,
      says: doc,
    })),
  }))
  return [{ after: '', choices: top }, ...joined([...groups, ...flags])]
}

function secondOf({ words: [, second], summary }: Command): readonly Choice[] {
  return second === undefined ? [] : [{ word: second, says: summary }]
}

/** A word that is a command by itself, and begins others, has the choices of both. */
function joined(all: readonly Choices[]): readonly Choices[] {
  return [...Map.groupBy(all, ({ after }) => after)].map(([after, some]) => ({
    after,
    choices: some.flatMap(({ choices }) => choices),
  }))
}

/** As a shell reads it between single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

function cases(all: readonly Choices[], line: (choices: readonly Choice[]) => string): string {
  return all.map(({ after, choices }) => `    ${quoted(after)}) ${line(choices)} ;;\n`).join('')
}

function bashChoices(choices: readonly Choice[]): string {
  return `choices=${quoted(choices.map(({ word }) => word).join(' '))}`
}

function zshChoices(choices: readonly Choice[]): string {
  const described = choices.map(({ word, says }) => quoted(`${word}:${says}`)).join(' ')
  return `choices=(${described})`
}

// Which command is typed: two words if there is such a command, else one.
const commandSoFar = `  local before="" word
  for word in "\${words[@]:1:at-1}"; do
    case "$word" in -*) continue ;; esac
    if [ -z "$before" ]; then before="$word"; else before="$before $word"; break; fi
  done
`

function bashScript(all: readonly Choices[]): string {
  return `# bash completion for warder: eval "$(warder completion bash)"
_warder() {
  local words=("\${COMP_WORDS[@]}") at=$COMP_CWORD choices=""
${commandSoFar}  case "$before" in
${cases(all, bashChoices)}  esac
  if [ -z "$choices" ] && [ "\${before#* }" != "$before" ]; then
    case "\${before%% *}" in
${cases(all, bashChoices)}    esac
  fi
  COMPREPLY=($(compgen -W "$choices" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _warder warder
`
}

function zshScript(all: readonly Choices[]): string {
  return `#compdef warder
# zsh completion for warder: source <(warder completion zsh)
_warder() {
  local -a choices
  local before="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$word" in -*) continue ;; esac
    if [ -z "$before" ]; then before="$word"; else before="$before $word"; break; fi
  done
  case "$before" in
${cases(all, zshChoices)}  esac
  if (( \${#choices} == 0 )); then
    case "\${before%% *}" in
${cases(all, zshChoices)}    esac
  fi
  _describe 'warder' choices
  _files
}
compdef _warder warder
`
}

function fishScript(all: readonly Choices[]): string {
  const lines = all.flatMap(({ after, choices }) =>
    choices.map(({ word, says }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`
      return `complete -c warder -n ${quoted(`__warder_after ${quoted(after)}`)} ${what} -d ${quoted(says)}\n`
    }),
  )
  return `# fish completion for warder: warder completion fish | source
function __warder_after
  set -l before
  for word in (commandline -opc)[2..]
    string match -q -- '-*' $word; and continue
    set -a before $word
    test (count $before) -eq 2; and break
  end
  test "$before" = "$argv[1]"; or test "$before[1]" = "$argv[1]" -a -n "$argv[1]" -a (count $before) -eq 2
end
${lines.join('')}`
}

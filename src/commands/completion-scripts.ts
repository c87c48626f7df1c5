interface Choice {
  readonly word: string
  readonly says: string
  /** Whether it is a flag that stands alone. */
  readonly isSwitch?: boolean
}

/** What can come next, by what stands before: no word, a first word, or a whole command. */
export interface Choices {
  readonly after: string
  readonly choices: readonly Choice[]
  /** Whether every setting can come too, as a flag. */
  readonly configured?: boolean | undefined
  readonly takesFolder?: boolean | undefined
}

/** All that scripts know. */
export interface Known {
  readonly choices: readonly Choices[]
  readonly settings: readonly Choice[]
}

/** As a shell reads it between single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

// Where a folder is wanted, flags are offered to whoever has begun one.
function cases(all: readonly Choices[], line: (choices: Choices) => string): string {
  const first = ({ takesFolder }: Choices) => (takesFolder ? '[ "${2#-}" = "$2" ] || ' : '')
  return all
    .map((each) => `    ${quoted(each.after)}) ${first(each)}choices=${line(each)} ;;\n`)
    .join('')
}

/** A pattern of the flags behind which no value stands. */
function switches({ choices, settings }: Known): string {
  const all = [...choices.flatMap((each) => each.choices), ...settings]
  return [...new Set(all.filter(({ isSwitch }) => isSwitch).map(({ word }) => word))].join('|')
}

// Which command is typed: two words if there is such a command, else one.
const commandSoFar = (before: string) => `  local before="" word
  for word in ${before}; do
    case "$word" in -*) continue ;; esac
    if [ -z "$before" ]; then before="$word"; else before="$before $word"; break; fi
  done
`

function listed(choices: readonly Choice[]): string {
  return quoted(choices.map(({ word }) => word).join(' '))
}

/** For bash, where files are offered when there is nothing else. */
export function bashScript(known: Known): string {
  const line = ({ choices, configured }: Choices) =>
    configured ? `${listed(choices)}" $settings"` : listed(choices)
  return `# bash completion for warder: eval "$(warder completion bash)"
_warder_choices() {
  local settings=""
  case "$2" in -*) settings=${listed(known.settings)} ;; esac
  case "$1" in
${cases(known.choices, line)}  esac
}
_warder() {
  local choices="" at=$COMP_CWORD
  case "\${COMP_WORDS[at - 1]}" in
    ${switches(known)}) ;;
    --*) return ;;
  esac
${commandSoFar('"${COMP_WORDS[@]:1:at-1}"')}  word="\${COMP_WORDS[at]}"
  _warder_choices "$before" "$word"
  [ -n "$choices" ] || _warder_choices "\${before%% *}" "$word"
  COMPREPLY=($(compgen -W "$choices" -- "$word"))
}
complete -o default -F _warder warder
`
}

// A colon ends the word that is described.
function described(choices: readonly Choice[]): string {
  const one = ({ word, says }: Choice) => quoted(`${word.replaceAll(':', String.raw`\:`)}:${says}`)
  return choices.map((each) => one(each)).join(' ')
}

/** For zsh. */
export function zshScript(known: Known): string {
  const line = ({ choices, configured }: Choices) =>
    `(${described(choices)}${configured ? ' $settings' : ''})`
  return `#compdef warder
# zsh completion for warder: source <(warder completion zsh)
_warder_choices() {
  local -a settings
  case "$2" in -*) settings=(${described(known.settings)}) ;; esac
  case "$1" in
${cases(known.choices, line)}  esac
}
_warder() {
  local -a choices
  case "$words[CURRENT-1]" in
    ${switches(known)}) ;;
    --*) _files; return ;;
  esac
${commandSoFar('"${(@)words[2,CURRENT-1]}"')}  _warder_choices "$before" "$words[CURRENT]"
  (( \${#choices} )) || _warder_choices "\${before%% *}" "$words[CURRENT]"
  _describe 'warder' choices || _files
}
compdef _warder warder
`
}

function fishLine(words: readonly string[], { word, says, isSwitch }: Choice): string {
  const flag = `-l ${word.slice(2)}${isSwitch ? '' : ' -r -F'}`
  return fishRule(words, `${word.startsWith('--') ? flag : `-a ${word}`} -d ${quoted(says)}`)
}

function fishRule(words: readonly string[], rule: string): string {
  const condition = `__warder_after ${words.map(quoted).join(' ')}`
  return `complete -c warder -n ${quoted(condition)} ${rule}\n`
}

/** For fish, which has to be told where files are wanted. */
export function fishScript({ choices, settings }: Known): string {
  const lines = choices.flatMap(({ after, choices: some, takesFolder }) => [
    ...some.map((choice) => fishLine([after], choice)),
    ...(takesFolder ? [fishRule([after], '-F')] : []),
  ])
  const configured = choices.filter((each) => each.configured).map(({ after }) => after)
  const pairs = choices.filter(({ after }) => after.includes(' ')).map(({ after }) => quoted(after))
  return `# fish completion for warder: warder completion fish | source
function __warder_after
  set -l before
  for word in (commandline -opc)[2..]
    string match -q -- '-*' $word; and continue
    set -a before $word
    test (count $before) -eq 2; and break
  end
  # Behind one word that is a command stands its argument.
  contains -- "$before" ${pairs.join(' ')}; or set before $before[1]
  contains -- "$before" $argv
end
complete -c warder -f
${lines.join('')}${settings.map((each) => fishLine(configured, each)).join('')}`
}

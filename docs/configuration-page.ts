import { rowsOf, type Fallback, type Row } from '../src/config/nodes.ts'
import { schema } from '../src/config/schema.ts'

const intro = `# Configuration

Made from the schema by \`npm run docs\`.

Everything has a default. What is set is read from four places, each over the one before:

1. the defaults below;
2. the file: \`--config FILE\`, else the one that \`WARDER_CONFIG\` names, else \`warder.yaml\` in the working folder, else none;
3. environment variables; an empty one counts as not set;
4. flags: \`listen.http\` is \`--listen-http 127.0.0.1:7070\`, \`insecure.plaintextListen\` is \`--insecure-plaintext-listen\`.

Keys nest at each dot. \`listen.http\`, \`doors.NAME.listen\`, \`authority\` and \`enrolment\` have keys below them and may still be
written as one value: \`http: 127.0.0.1:7070\`, or \`http: { address: 127.0.0.1:7070, tls: { … } }\`; likewise \`authority: { url: …, ca: … }\`
and \`enrolment: { value: …, file: … }\`.

An unknown key, variable or flag is a mistake, and so is a value that does not fit or contradicts another. \`warder config check\` names all of
them at once, with file, line and column; \`warder config show\` prints every value and where it comes from, secrets excepted.

Durations are written \`250ms\`, \`15s\`, \`5m\`, \`1h\`, \`30d\`; sizes \`512B\`, \`64KiB\`, \`1MiB\`; addresses \`host:port\`, \`[ipv6]:port\`,
\`unix:/path\` or \`off\`. In variables and flags the parts of a list stand with commas between. Paths are relative to the working folder.
`

function fallbackText(fallback: Fallback): string {
  if (fallback.kind === 'text') return `\`${fallback.text}\``
  return fallback.kind === 'required' ? 'required' : fallback.says
}

function cells(parts: readonly string[]): string {
  return `| ${parts.map((part) => part.replaceAll('|', '\\|')).join(' | ')} |\n`
}

function tableRow({ key, environment, leaf }: Row, withEnvironment: boolean): string {
  const variable = withEnvironment ? [`\`${environment}\``] : []
  return cells([`\`${key}\``, leaf.kind.says, fallbackText(leaf.fallback), ...variable, leaf.doc])
}

// What all doors, or all listeners, have alike is told once, under NAME.
function merge(rows: readonly Row[]): readonly Row[] {
  const siblings = Map.groupBy(rows, ({ key, leaf }) => {
    const [first, name, ...rest] = key.split('.')
    const like = first === 'doors' || first === 'listen' ? '' : name
    return JSON.stringify([first, like, rest, leaf.doc, fallbackText(leaf.fallback)])
  })
  return [...siblings.values()].flatMap((alike) => (alike.length === 1 ? alike : generic(alike)))
}

function generic([first]: readonly Row[]): readonly Row[] {
  if (first === undefined) return []
  const name = first.key.split('.')[1] ?? ''
  const key = first.key.replace(`.${name}`, '.NAME')
  const environment = first.environment.replace(`_${name.toUpperCase()}`, '_NAME')
  return [{ ...first, key, environment }]
}

function section(title: string, rows: readonly Row[]): string {
  const head = cells(['key', 'is', 'default', 'variable', '']) + cells(Array<string>(5).fill('---'))
  const body = merge(rows).map((row) => tableRow(row, true))
  return `\n## ${title}\n\n${head}${body.join('')}`
}

function trustSection(): string {
  const { item, doc } = schema.members.trust
  const head = cells(['key', 'is', 'default', '']) + cells(Array<string>(4).fill('---'))
  const body = rowsOf(item).map((row) => tableRow(row, false))
  const rule =
    'Only the file can hold this list. One issuer and audience cannot stand in two entries; keys and algorithms of an entry count for its own tokens only. An entry of the name that the authority issues under does not count. An issuer that is trusted may name any gateway: what a request is answered with does not say who issued.'
  return `\n## trust\n\n${doc} ${rule}\n\n${head}${body.join('')}`
}

function names(): string {
  const { doors, listen } = schema.members
  const [door, listener] = [doors, listen].map(({ members }) => Object.keys(members).join(', '))
  return `\nBelow, NAME under \`doors\` is one of ${door}; under \`listen\`, one of ${listener}.\n`
}

/** The reference page of the configuration. */
export function configurationPage(): string {
  const { trust: _, ...rest } = schema.members
  const alone = Object.entries(rest).filter(([, node]) => node.shape === 'leaf')
  const groups = Object.entries(rest).filter(([, node]) => node.shape === 'group')
  const general = section(
    'General',
    alone.flatMap(([name, node]) => rowsOf(node, name)),
  )
  const sections = groups.map(([name, node]) => section(name, rowsOf(node, name)))
  return [intro, names(), general, ...sections, trustSection()].join('')
}

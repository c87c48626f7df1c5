import { findVerifier } from './access.ts'
import { createCaller } from './calling.ts'
import type { Order } from './command.ts'
import { codeOf } from '../system/error-code.ts'
import { CommandFailed, reported } from './failed.ts'
import { pathTo, withManagement, type Management } from './management.ts'
import { cellOf, readTree, treesOf, type Tree } from './reading.ts'
import { readSecret } from './secret-input.ts'
import { columns, plain, show, tell } from './terminal.ts'

/** Explains what becomes of a token, or why a question was refused. The token goes where it is told to, nowhere else. */
export function explain(order: Order): Promise<number> {
  const problem = problemOf(order)
  if (problem !== undefined) {
    tell(`warder: ${problem}`)
    return Promise.resolve(2)
  }
  const verifier = order.value('verifier')
  return verifier === undefined
    ? withManagement(order, async (api) => printExplained(order, await askAuthority(order, api)))
    : reported(async () => printExplained(order, await askVerifier(order, verifier)))
}

function problemOf(order: Order): string | undefined {
  const [word, file, decision] = [order.argIfAny(0), order.value('file'), order.value('decision')]
  if (word !== undefined && word !== '-') {
    return 'a token on a command line is seen by everybody on this machine: pipe it in and write -, or name its file with --file'
  }
  const given = [word, file, decision].filter((each) => each !== undefined)
  return given.length === 1
    ? undefined
    : 'say what to explain: - for a token from standard input, --file FILE, or --decision ID'
}

async function askedOf(order: Order): Promise<Tree> {
  const decisionId = order.value('decision')
  return decisionId === undefined
    ? { token: await readSecret(order.value('file') ?? '-') }
    : { decisionId }
}

async function askAuthority(order: Order, api: Management): Promise<Tree> {
  const path = pathTo('v1', 'environments', api.environmentId, 'explain')
  try {
    return (await api.ask('POST', path, await askedOf(order))).body
  } catch (error) {
    if (!(error instanceof CommandFailed) || !order.has('decision')) throw error
    throw new CommandFailed(
      `${error.message}\n  or another verifier refused it: on its machine, add --verifier http://127.0.0.1:7090; what is allowed is not noted`,
      { cause: error },
    )
  }
}

async function askVerifier(order: Order, written: string): Promise<Tree> {
  const access = findVerifier(order, written)
  const body = JSON.stringify(await askedOf(order))
  const { status, text } = await post(access, body)
  const tree = readTree(text)
  if (status === 200 && tree) return tree
  const said = tree ? cellOf(tree, 'message') : 'something that is not a verifier’s: correct it'
  throw new CommandFailed(`${access.url} answered ${status}: ${said}`)
}

async function post(access: ReturnType<typeof findVerifier>, body: string) {
  const caller = createCaller(access)
  try {
    const headers = { 'content-type': 'application/json' }
    return await caller.call({ method: 'POST', path: '/explain', headers, body })
  } catch (error) {
    throw new CommandFailed(
      `no verifier answers at ${access.url} (${codeOf(error)}): name its listener for operations with --verifier`,
      { cause: error },
    )
  } finally {
    caller.close()
  }
}

function printExplained(order: Order, explained: Tree): void {
  const steps = treesOf(explained, 'steps')
  const failed = steps.find(({ result }) => result === 'failed')
  show(order, explained, () => {
    const head = `${cellOf(explained, 'decision')}: ${cellOf(explained, 'reason')}`
    const why = failed === undefined ? '' : `  ${plain(whyOf(explained, failed))}\n`
    const names = ['step', 'result', 'detail']
    const rows = steps.map((step) => names.map((name) => cellOf(step, name)))
    return `${plain(head)}\n${why}\n${columns(names, rows)}`
  })
}

/** What an operator has to know of a refusal; where a step has no more to say than the reason, the page that has. */
function whyOf(explained: Tree, failed: Tree): string {
  const detail = cellOf(failed, 'detail')
  return detail === cellOf(explained, 'reason') ? 'see docs/reference/reasons.md' : detail
}

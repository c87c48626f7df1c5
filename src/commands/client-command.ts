import type { Command, Flag } from './command.ts'

const json: Flag = { name: 'json', doc: 'print JSON' }
const data: Flag = {
  name: 'data',
  value: 'FOLDER',
  doc: 'the data folder, where admin.json is (else WARDER_DATA, else ./data)',
}
/** The environment that a command is about. */
export const environment: Flag = {
  name: 'environment',
  value: 'ENVIRONMENT',
  doc: 'its id or name (else WARDER_ENVIRONMENT, else that of admin.json)',
}
/** What people say of a thing. */
export const description: Flag = { name: 'description', value: 'TEXT', doc: 'what it is for' }

/** The flags of every such command. */
export const everywhere: readonly Flag[] = [json, data]
/** The flags of those that are about one environment. */
export const inEnvironment: readonly Flag[] = [environment, ...everywhere]

type Spec = Pick<Command, 'words' | 'args' | 'summary' | 'example' | 'run'> &
  Partial<Pick<Command, 'more' | 'flags'>>

/** A command that takes no configuration. */
export const client = (spec: Spec): Command => ({
  configuration: false,
  more: '',
  flags: [],
  ...spec,
})

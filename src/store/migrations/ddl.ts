import type { Engine } from '../kysely.ts'

/** One step of the schema, forward only; once released it never changes. */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly statements: (ddl: Ddl) => readonly string[]
}

/** The words of the data definition language that differ between engines, and the names that must not. */
export type Ddl = ReturnType<typeof ddlFor>

/** The data definition language of an engine: text compares byte by byte, integers have 64 bits. */
export function ddlFor(engine: Engine) {
  const sqlite = engine === 'sqlite'
  const optionalText = sqlite ? 'text' : 'text collate "C"'
  const optionalInteger = sqlite ? 'integer' : 'bigint'
  return {
    optionalText,
    optionalInteger,
    optionalBytes: sqlite ? 'blob' : 'bytea',
    text: `${optionalText} not null`,
    integer: `${optionalInteger} not null`,
    table: (name: string, columns: Record<string, string>, key: readonly string[] = []) => {
      const lines = Object.entries(columns).map(([column, type]) => `"${column}" ${type}`)
      const keys = key.length > 0 ? [`primary key (${quoted(key)})`] : []
      return `create table "${name}" (${[...lines, ...keys].join(', ')})${sqlite ? ' strict' : ''}`
    },
    unique: (table: string, columns: readonly string[], where?: string) =>
      `create unique index "${table}_${columns.join('_')}_key" on "${table}" (${quoted(columns)})` +
      (where === undefined ? '' : ` where ${where}`),
    index: (table: string, columns: readonly string[]) =>
      `create index "${table}_${columns.join('_')}_idx" on "${table}" (${quoted(columns)})`,
    appendOnly: sqlite ? appendOnlySqlite : appendOnlyPostgres,
  }
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}

function appendOnlySqlite(table: string): readonly string[] {
  return ['update', 'delete'].map(
    (verb) =>
      `create trigger "${table}_no_${verb}" before ${verb} on "${table}" ` +
      `begin select raise(abort, '${table} is append-only'); end`,
  )
}

function appendOnlyPostgres(table: string): readonly string[] {
  return [
    `create function "${table}_append_only"() returns trigger language plpgsql as ` +
      `$$ begin raise exception '${table} is append-only'; end $$`,
    `create trigger "${table}_append_only" before update or delete or truncate on "${table}" ` +
      `for each statement execute function "${table}_append_only"()`,
  ]
}

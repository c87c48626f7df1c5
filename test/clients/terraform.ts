import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'

/** Terraform in a folder of its own, with a provider from a file. */
export interface Terraform {
  /** Runs a command that has to end with this code. */
  readonly run: (words: readonly string[], code?: number) => Promise<string>
  readonly output: (name: string) => Promise<string>
  /** What a plan would do, by the address of what it would do it to. */
  readonly plan: (variables: readonly string[]) => Promise<ReadonlyMap<string, string>>
}

interface Plan {
  readonly resource_changes: readonly {
    readonly address: string
    readonly change: { readonly actions: readonly string[] }
  }[]
}

/** Prepares a folder. */
export function prepareTerraform(
  folder: string,
  provider: string,
  env: Readonly<Record<string, string>>,
): Terraform {
  mkdirSync(folder)
  copyFileSync(join(import.meta.dirname, 'terraform/main.tf'), join(folder, 'main.tf'))
  // Terraform then asks no registry.
  const override = `"pingidentity/pingone" = ${JSON.stringify(dirname(provider))}`
  const rc = join(folder, 'terraform.rc')
  writeFileSync(rc, `provider_installation {\n  dev_overrides { ${override} }\n}\n`)
  const own = { TF_CLI_CONFIG_FILE: rc, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1' }
  const options = { cwd: folder, env: { ...process.env, ...own, ...env }, timeout: 120_000 }
  const run = (words: readonly string[], code = 0) =>
    new Promise<string>((resolve, reject) => {
      execFile('terraform', words, options, (error, out, err) => {
        const ended = error ? error.code : 0
        if (ended === code) resolve(out)
        else reject(new Error(`terraform ${words[0]} ended with ${ended}: ${err.slice(-2000)}`))
      })
    })
  return {
    run,
    output: (name) => run(['output', '-raw', name]),
    async plan(variables) {
      await run(['plan', '-input=false', '-out=plan', ...variables])
      const shown: Plan = JSON.parse(await run(['show', '-json', 'plan']))
      assert.ok(shown.resource_changes.length > 0)
      const doing = shown.resource_changes.map(
        ({ address, change }) => [address, change.actions.join(' ')] as const,
      )
      return new Map(doing.filter(([, actions]) => actions !== 'no-op'))
    },
  }
}

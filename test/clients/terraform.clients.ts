import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { adminOf, makePlace, type Place } from '../commands/running.ts'
import { certify } from '../verifier/certificates.ts'
import { prepareTerraform } from './terraform.ts'
import { openTunnel } from './tunnel.ts'

// The management API as Terraform sees it. No registry that tests may use has the provider, so this runs where somebody
// names the program in WARDER_TEST_TERRAFORM_PROVIDER. It insists on HTTPS, a name and port 443.

const provider = process.env['WARDER_TEST_TERRAFORM_PROVIDER'] ?? ''
const host = 'authority.warder.test'
const credential = 'pingone_gateway_credential.edge'

test('the Terraform provider for PingOne', async (t) => {
  if (provider === '') {
    const why = 'not run: WARDER_TEST_TERRAFORM_PROVIDER names no program'
    console.log(why)
    return t.skip(why)
  }
  const place = await makePlace()
  t.after(place.close)
  const cli = secure(place)
  const serving = await place.serve()
  t.after(() => serving.end('SIGKILL'))
  const tunnel = await openTunnel(place.ports.authority)
  t.after(tunnel.close)
  const terraform = prepareTerraform(join(place.folder, 'terraform'), provider, {
    ...environmentOf(place),
    HTTPS_PROXY: tunnel.url,
  })
  const apply = (words: readonly string[] = []) =>
    terraform.run(['apply', '-input=false', '-auto-approve', ...words])

  await t.test('what it applies is a gateway, and a credential that the door accepts', async () => {
    await apply()
    assert.equal(await place.ask(await terraform.output('credential')), 200)
  })

  await t.test('after that, and after its use, nothing is left to do', async () => {
    assert.deepEqual(await terraform.plan([]), new Map())
  })

  const changed = ['-var', 'name=Edge 2', '-var', 'description=Frankfurt']
  await t.test(
    'a change of name and description keeps the gateway and its credential',
    async () => {
      const before = await terraform.output('credential')
      await apply(changed)
      assert.equal(await terraform.output('credential'), before)
      assert.deepEqual(await terraform.plan(changed), new Map())
      await apply()
      assert.deepEqual(await terraform.plan([]), new Map())
    },
  )

  await t.test('a credential is imported by its three ids', async () => {
    const { environmentId } = adminOf(place)
    const ids = [environmentId, await terraform.output('gateway'), await terraform.output('id')]
    await terraform.run(['state', 'rm', credential])
    await terraform.run(['import', '-input=false', credential, ids.join('/')])
    assert.deepEqual(await terraform.plan([]), new Map())
  })

  await t.test('a credential that others have revoked is made again', async () => {
    const before = await terraform.output('id')
    const revoked = await place.run(`credential revoke ${before}`, { env: cli })
    assert.equal(revoked.code, 0, revoked.err)
    assert.deepEqual(await terraform.plan([]), new Map([[credential, 'create']]))
    await apply()
    assert.notEqual(await terraform.output('id'), before)
    assert.equal(await place.ask(await terraform.output('credential')), 200)
  })

  await t.test('what is destroyed is refused at the door', async () => {
    const token = await terraform.output('credential')
    await terraform.run(['destroy', '-input=false', '-auto-approve'])
    assert.equal(await place.ask(token), 401)
  })
})

/** Gives the authority a certificate; the commands of that place then need what is returned. */
function secure(place: Place): Record<string, string> {
  const ca = certify('Test CA')
  const { certPem, keyPem } = certify('authority', ca, host)
  const files = { ca: ca.certPem, cert: certPem, key: keyPem }
  for (const [name, pem] of Object.entries(files)) writeFileSync(join(place.folder, name), pem)
  const { authority } = place.ports
  const listen = `{ address: "127.0.0.1:${authority}", tls: { cert: cert, key: key } }`
  const text = `publicUrl: https://${host}\nlisten:\n  authority: ${listen}\n`
  writeFileSync(join(place.folder, 'warder.yaml'), text)
  return {
    WARDER_URL: `https://127.0.0.1:${authority}`,
    NODE_EXTRA_CA_CERTS: join(place.folder, 'ca'),
  }
}

function environmentOf(place: Place): Record<string, string> {
  const { environmentId = '', clientId = '', clientSecret = '' } = adminOf(place)
  return {
    PINGONE_ENVIRONMENT_ID: environmentId,
    PINGONE_CLIENT_ID: clientId,
    PINGONE_CLIENT_SECRET: clientSecret,
    PINGONE_REGION_CODE: 'NA',
    PINGONE_API_SERVICE_HOSTNAME: host,
    PINGONE_AUTH_SERVICE_HOSTNAME: host,
    SSL_CERT_FILE: join(place.folder, 'ca'),
    TF_VAR_environment_id: environmentId,
  }
}

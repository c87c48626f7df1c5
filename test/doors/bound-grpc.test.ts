import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGrpcDoor } from '../../src/doors/grpc.ts'
import { gatewayDoor } from './live-view.ts'

test('a bound gRPC door presents its credential, and refuses another in the metadata as doubled', () => {
  let held: string | undefined = 'a.b.c'
  const door = createGrpcDoor({ ...gatewayDoor, bound: () => held })
  const gatewayOf = (metadata: readonly string[]) =>
    door.read(metadata, Buffer.alloc(0))?.question.gateway
  assert.deepEqual(gatewayOf([]), { kind: 'token', token: 'a.b.c' })
  assert.deepEqual(gatewayOf(['client-token', 'a.b.c']), { kind: 'credential-doubled' })
  held = undefined
  assert.deepEqual(gatewayOf([]), { kind: 'credential-missing' })
})

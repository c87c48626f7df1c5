// A gRPC server that judges nothing and answers every call by the same message. Arguments: port, `grpc-js` or `http2`,
// and the message in base64.

import { Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js'
import { createServer, type ServerHttp2Stream } from 'node:http2'
import process from 'node:process'
import { checkPath } from '../requests.ts'

const [port, kind, text = ''] = process.argv.slice(2)
const message = Buffer.from(text, 'base64')

const asIs = (bytes: Buffer) => bytes
const check: handleUnaryCall<Buffer, Buffer> = (_call, done) => done(null, message)

function serveByGrpcJs(): void {
  const server = new Server()
  const definition = {
    path: checkPath,
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  } as const
  server.addService({ check: definition }, { check })
  server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => {
    if (error) throw error
  })
}

function serveByHttp2(): void {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  const body = Buffer.concat([head, message])
  const server = createServer()
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => undefined)
    stream.resume()
    stream.on('end', () => {
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc' },
        { waitForTrailers: true },
      )
      stream.end(body)
    })
  })
  server.listen(Number(port), '127.0.0.1')
}

if (kind === 'grpc-js') serveByGrpcJs()
else serveByHttp2()

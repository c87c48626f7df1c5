// Bare node:http, answering 200 with a block of headers; with a key, only where the token's signature holds.
// Arguments: port, JSON of the header block, and optionally public key file and JOSE algorithm.

import { createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import process from 'node:process'

const [port, headerBlock = '{}', keyFile, algorithm] = process.argv.slice(2)
const headers = Object.entries(JSON.parse(headerBlock) as Record<string, string>).flat()
const allowed = [...headers, 'Content-Length', '0']
const holds = keyFile === undefined ? () => true : signatureCheck(keyFile, algorithm)

createServer({ keepAliveTimeout: 3_600_000 }, (request, response) => {
  if (holds(request)) response.writeHead(200, allowed).end()
  else response.writeHead(401, ['Content-Length', '0']).end()
}).listen(Number(port), '127.0.0.1')

function signatureCheck(file: string, name: string | undefined) {
  const key = createPublicKey(readFileSync(file))
  const digest = name === 'EdDSA' ? undefined : 'sha256'
  const judge = name === 'ES256' ? ({ key, dsaEncoding: 'ieee-p1363' } as const) : key
  return (request: IncomingMessage): boolean => {
    const token = request.headers['client-token']
    if (typeof token !== 'string') return false
    const dot = token.lastIndexOf('.')
    const signature = Buffer.from(token.slice(dot + 1), 'base64url')
    return verify(digest, Buffer.from(token.slice(0, dot), 'latin1'), judge, signature)
  }
}

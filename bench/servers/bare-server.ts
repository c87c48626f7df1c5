// Bare node:http, answering 200 with a block of headers; with a key, only where the token's signature holds.
// Arguments: port, JSON of the header block, number of threads, and optionally public key file and JOSE algorithm.

import { createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import process from 'node:process'
import { isMainThread, Worker } from 'node:worker_threads'

const words = process.argv.slice(2)
const [port, headerBlock = '{}', threads, keyFile, algorithm] = words
const headers = Object.entries(JSON.parse(headerBlock) as Record<string, string>).flat()
const allowed = [...headers, 'Content-Length', '0']
const holds = keyFile === undefined ? () => true : signatureCheck(keyFile, algorithm)

if (isMainThread && threads !== '1') {
  Array.from({ length: Number(threads) }, () => new Worker(import.meta.filename, { argv: words }))
} else {
  createServer({ keepAliveTimeout: 3_600_000 }, (request, response) => {
    if (holds(request)) response.writeHead(200, allowed).end()
    else response.writeHead(401, ['Content-Length', '0']).end()
  }).listen({ port: Number(port), host: '127.0.0.1', reusePort: !isMainThread })
}

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

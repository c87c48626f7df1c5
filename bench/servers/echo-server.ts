// Bare node:http, answering each body by itself. Argument: port.

import { createServer } from 'node:http'
import process from 'node:process'

createServer({ keepAliveTimeout: 3_600_000 }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString()
    const length = `${Buffer.byteLength(body)}`
    response.writeHead(200, ['Content-Length', length, 'Content-Type', 'application/json'])
    response.end(body)
  })
}).listen(Number(process.argv[2]), '127.0.0.1')

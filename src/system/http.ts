// `node:http`, taken rather than imported: for an import Node loads whatever a module exports, here fetch and web
// sockets too, which nobody uses: in each thread ten milliseconds and two megabytes.

import process from 'node:process'

export const { Agent, createServer, IncomingMessage, request, STATUS_CODES } =
  process.getBuiltinModule('node:http')

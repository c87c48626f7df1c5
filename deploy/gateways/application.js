// An application to try gateways with: it answers with the headers that it was sent, and its port is 8081.

import { createServer } from 'node:http'

createServer(({ headers }, answer) => {
  answer.end(`${JSON.stringify(headers, null, 2)}\n`)
}).listen(8081, '127.0.0.1')

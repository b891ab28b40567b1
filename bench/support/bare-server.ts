/** The limit of HTTP: Node's own server that reads the body and sends given bytes. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent } from './child.ts'

/** A response of ModularIoT to repeat, as bytes on the wire. */
export interface BareAnswer {
  readonly sample: string
}

/** Node writes these headers itself. */
const CONNECTION_HEADERS = new Set(['date', 'connection', 'keep-alive'])

let status = 200
let headers: string[] = []
let body = Buffer.alloc(0)

const server = createServer((request, response) => {
  request.on('end', () => {
    response.writeHead(status, headers)
    response.end(body)
  })
  request.resume()
})

answerParent(async ({ sample }: BareAnswer): Promise<number> => {
  const [head = '', text = ''] = sample.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  status = Number(first.split(' ')[1])
  headers = lines
    .map((line) => line.split(': ') as [string, string])
    .filter(([name]) => !CONNECTION_HEADERS.has(name.toLowerCase()))
    .flat()
  body = Buffer.from(text, 'latin1')
  if (!server.listening) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  return (server.address() as AddressInfo).port
})

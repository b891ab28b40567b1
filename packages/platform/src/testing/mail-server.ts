/** A real mail server, which keeps what it takes. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export type MailServerOptions = NonNullable<ConstructorParameters<typeof SMTPServer>[0]>

export interface Message {
  readonly to: string
  readonly text: string
}

/** On loopback, at a free port; without TLS and accounts by default. */
export async function startMail(options: MailServerOptions = {}) {
  const messages: Message[] = []
  const waiting = new Set<() => void>()
  const server = new SMTPServer({
    ...{ authOptional: true, disabledCommands: ['AUTH'], logger: false },
    onData(stream, session, done) {
      let text = ''
      stream.on('data', (chunk) => {
        text += chunk
      })
      stream.on('end', () => {
        // Quoted-printable, as far as our texts need it.
        const plain = text.replaceAll(/=\r\n/g, '').replaceAll('=3D', '=')
        messages.push({ to: String(session.envelope.rcptTo[0]?.address), text: plain })
        for (const wake of waiting) wake()
        done()
      })
    },
    ...options,
  })
  // A client that does not trust the certificate ends the handshake.
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    port: (server.server.address() as AddressInfo).port,
    messages: messages as readonly Message[],
    /** Resolves when it has so many. */
    async received(count: number): Promise<readonly Message[]> {
      while (messages.length < count) {
        await new Promise<void>((resolve) => waiting.add(resolve))
      }
      return messages
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

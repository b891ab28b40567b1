/** A remote API that verifies tokens and follows the revocation feed with a client of its own. */

import { TokenSource } from '@modulariot/oauth/client'
import {
  createVerifier,
  RemoteRevocations,
  type RevocationsEvent,
} from '@modulariot/oauth/resource-server'
import type { RunningServer } from './running-server.ts'
import { createClient } from './token-requests.ts'

export interface Follower {
  /** Resolves at the next event of the kind. */
  next(kind: RevocationsEvent['kind']): Promise<void>
  verify(token: string): Promise<unknown>
  close(): void
}

/** Resolves once it has the feed. */
export async function follow(server: RunningServer): Promise<Follower> {
  const waiting: { kind: string; resolve: () => void }[] = []
  const { client_id, client_secret } = await createClient(
    server,
    ...['--audience', `${server.url}/oauth2/revocations`],
  )
  const token_endpoint = `${server.url}/oauth2/token`
  const revocations = new RemoteRevocations({
    issuer: server.url,
    tokens: (audience) => new TokenSource({ token_endpoint, client_id, client_secret, audience }),
    failOpenForMs: 60_000,
    onEvent: ({ kind }) => {
      for (const one of waiting.filter((each) => each.kind === kind)) {
        waiting.splice(waiting.indexOf(one), 1)
        one.resolve()
      }
    },
  })
  await revocations.start()
  const { audience } = server.credentials
  const verifier = createVerifier({ issuer: server.url, audience, revocations })
  return {
    next: (kind) => new Promise((resolve) => waiting.push({ kind, resolve })),
    verify: (token) => verifier.verify(`Bearer ${token}`),
    close: () => revocations.close(),
  }
}

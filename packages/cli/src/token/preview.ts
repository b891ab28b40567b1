/** `miot token preview`: what a client's next token would contain, without getting one. */

import type { NextToken } from '@modulariot/auth'
import { withAdmin } from '../administration/with-admin.ts'
import { withClient } from '../clients/find-client.ts'
import type { Context } from '../command/context.ts'
import { type Lines, properties } from '../terminal/output.ts'
import { asClaim } from './claim-text.ts'

export interface PreviewOptions {
  readonly audience?: string
  readonly scope?: string
}

/** @param client as a command line names it. */
export async function previewToken(
  context: Context,
  client: string,
  { audience, scope }: PreviewOptions,
): Promise<void> {
  await withAdmin(context, async (admin) => {
    const request = { audience: audience ?? null, scope: scope ?? null }
    const preview = (client_id: string) => admin.nextToken(client_id, request)
    const answer = await withClient(admin, client, preview)
    context.output.print(answer, () => linesOf(answer))
  })
}

function linesOf({ token, refusal }: NextToken): Lines {
  if (token === null) {
    const { status, error, error_description, kind } = refusal as NonNullable<typeof refusal>
    return [
      'It would get no token. The login would answer:',
      '',
      ...properties([
        ['status', String(status)],
        ['error', error],
        ['error_description', error_description],
        ['reason', kind],
      ]),
    ]
  }
  const { header, claims, examples, expires_in } = token
  const rows = (members: object) =>
    properties(
      Object.entries(members)
        .map(asClaim)
        .map(([name, text]) => [name, examples.includes(name) ? `${text} (example)` : text]),
    )
  return [
    { heading: 'header' },
    ...rows(header),
    '',
    { heading: 'claims' },
    ...rows(claims),
    '',
    `It is valid for ${expires_in} seconds.`,
  ]
}

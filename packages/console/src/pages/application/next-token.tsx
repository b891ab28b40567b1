/** What its next token will contain, or why its login would be refused: the server says. */

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { NextToken as Answer, Client } from '../../api/admin.ts'
import { kindTexts } from '../../refusals/kinds.ts'
import { nextTokenQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { Code, Twins } from '../../ui/code.tsx'
import { durationText } from '../../ui/durations.ts'
import { SelectField } from '../../ui/field.tsx'
import { Notice, Panel } from '../../ui/panel.tsx'
import { curlOf, miotOf } from '../../ui/shell-words.ts'

export function NextToken({ client }: { readonly client: Client }) {
  const here = useHere()
  const { client_id, grants, default_audience } = client
  const [audience, setAudience] = useState('')
  const [scope, setScope] = useState('')
  const query = useQuery(nextTokenQuery(here, client, { audience, scope }))
  const only = grants.length === 1 ? grants[0]?.audience : null
  const meant = audience || ((default_audience as string | null) ?? only)
  const scopes = grants.find((grant) => grant.audience === meant)?.scopes ?? []
  const parameters = new URLSearchParams({
    ...(audience && { audience }),
    ...(scope && { scope }),
  }).toString()
  return (
    <Panel title={t.nextToken.title} about={t.nextToken.about}>
      <div className="flex flex-col gap-4">
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField
            label={t.nextToken.audience}
            value={audience}
            onChange={({ target }) => {
              setAudience(target.value)
              setScope('')
            }}
          >
            <option value="">{t.nextToken.noAudience}</option>
            {grants.map((grant) => (
              <option key={grant.audience}>{grant.audience}</option>
            ))}
          </SelectField>
          <SelectField
            label={t.nextToken.scope}
            value={scope}
            onChange={({ target }) => setScope(target.value)}
          >
            <option value="">{t.nextToken.allScopes}</option>
            {scopes.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </SelectField>
        </div>
        {query.isPending && <Loading />}
        {query.error && <Failure error={query.error} retry={() => query.refetch()} />}
        {query.data && <Shown answer={query.data} />}
        <Twins
          miot={miotOf(
            ...['token', 'preview', client_id],
            ...(audience ? ['--audience', audience] : []),
            ...(scope ? ['--scope', scope] : []),
          )}
          curl={curlOf('GET', `/clients/${client_id}/next-token${parameters && `?${parameters}`}`)}
        />
      </div>
    </Panel>
  )
}

interface Token {
  readonly header: object
  readonly claims: object
  readonly examples: readonly string[]
  readonly expires_in: number
}

interface LoginRefusal {
  readonly kind: string
  readonly status: number
  readonly error: string
  readonly error_description: string
}

function Shown({ answer }: { readonly answer: Answer }) {
  const token = answer.token as Token | null
  const refusal = answer.refusal as LoginRefusal | null
  if (token === null) return refusal === null ? null : <Refused refusal={refusal} />
  const { header, claims, examples, expires_in } = token
  return (
    <>
      <Code text={JSON.stringify(header, null, 2)} label={t.tokenLab.header} />
      <Code text={JSON.stringify(claims, null, 2)} label={t.tokenLab.claims} />
      <p className="text-xs text-muted">
        {t.nextToken.examples(examples.join(', '))} {t.nextToken.valid(durationText(expires_in))}
      </p>
    </>
  )
}

function Refused({ refusal }: { readonly refusal: LoginRefusal }) {
  const { kind, status, error, error_description } = refusal
  return (
    <Notice tone="warn">
      <p className="font-medium">{t.nextToken.refused(kindTexts(kind).name)}</p>
      <p className="mt-1 wrap-anywhere">
        <code className="font-mono text-xs">
          {status} {error}: {error_description}
        </code>
      </p>
    </Notice>
  )
}

/** The keys that sign tokens: what each does now, and when the next one takes over. */

import { useQuery } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import type { SigningKey } from '../../api/admin.ts'
import { keysQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Empty, Failure, Loading } from '../../ui/answers.tsx'
import { Twins } from '../../ui/code.tsx'
import { Badge, Panel, type Tone } from '../../ui/panel.tsx'
import { curlOf, miotOf } from '../../ui/shell-words.ts'
import { absolute, Time } from '../../ui/time.tsx'

const TONES: Readonly<Record<SigningKey['state'], Tone>> = {
  active: 'good',
  next: 'accent',
  retired: 'neutral',
  gone: 'neutral',
}

export function SigningKeys() {
  const here = useHere()
  const refusal = here.refusal('keys:read')
  const { data, error, isPending, refetch } = useQuery({
    ...keysQuery(here),
    enabled: refusal === null,
  })
  return (
    <Panel title={t.keys.signing} about={t.keys.signingAbout} flush>
      {refusal !== null && (
        <Empty icon={KeyRound} title={t.failures.forbiddenTitle} about={refusal} />
      )}
      {refusal === null && isPending && <Loading />}
      {error && <Failure error={error} retry={() => refetch()} />}
      <ul className="divide-y divide-line">
        {data?.keys.map((key) => (
          <Row key={key.kid} signingKey={key} rotates={takesOver(key, data.keys)} />
        ))}
      </ul>
      {data !== undefined && (
        <div className="flex flex-col gap-3 border-t border-line px-4 py-3 text-xs text-muted">
          <p>{t.keys.schedule}</p>
          <Twins miot={miotOf('keys', 'list')} curl={curlOf('GET', '/keys')} />
        </div>
      )}
    </Panel>
  )
}

/** When a next key without a time of its own begins to sign: with the rotation of its algorithm. */
function takesOver({ alg }: SigningKey, keys: readonly SigningKey[]): string | null {
  return keys.find((one) => one.alg === alg && one.rotates_at !== null)?.rotates_at ?? null
}

function Row(props: { readonly signingKey: SigningKey; readonly rotates: string | null }) {
  const { kid, alg, state, created_at } = props.signingKey
  return (
    <li className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0">
        <code className="font-mono text-xs wrap-anywhere">{kid}</code>
        <p className="text-xs text-muted">
          {alg} · {t.keys.created} <Time at={created_at} />
        </p>
        <p className="mt-1">{t.keys[state]}</p>
        <Times {...props} />
      </div>
      <Badge tone={TONES[state]}>{t.keys.states[state]}</Badge>
    </li>
  )
}

/** What comes next for a key, by its state. */
function Times(props: { readonly signingKey: SigningKey; readonly rotates: string | null }) {
  const { state, activates_at, rotates_at, retires_at, gone_at } = props.signingKey
  const moment = (name: string, at: string | null, none: string) => (
    <p className="text-xs text-muted">
      {name}: {at === null ? none : <Moment at={at} />}
    </p>
  )
  switch (state) {
    case 'active':
      return moment(t.keys.nextRotation, rotates_at, t.keys.noSchedule)
    case 'next':
      return moment(t.keys.signsFrom, activates_at ?? props.rotates, t.keys.afterRotation)
    default:
      return (
        <>
          {moment(t.keys.signedUntil, retires_at, '')}
          {moment(t.keys.verifiesUntil, gone_at, '')}
        </>
      )
  }
}

function Moment({ at }: { readonly at: string }) {
  return (
    <>
      <Time at={at} /> ({absolute(Date.parse(at))})
    </>
  )
}

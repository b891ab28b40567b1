/** The state of the trail's chain: its head, signed by the server, to keep elsewhere. */

import { queryOptions, useQuery } from '@tanstack/react-query'
import { Link2, ShieldCheck, ShieldX } from 'lucide-react'
import { dataOf } from '../../api/admin.ts'
import { type Here, useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { Twins } from '../../ui/code.tsx'
import { Value } from '../../ui/copy.tsx'
import { download } from '../../ui/download.ts'
import { Badge, Facts, Panel } from '../../ui/panel.tsx'
import { curlOf, miotOf } from '../../ui/shell-words.ts'
import { Time } from '../../ui/time.tsx'
import { decode } from '../token-lab/decode.ts'
import { isSignedBy, type PublishedKey } from '../token-lab/signature.ts'

const checkpointQuery = (here: Here) =>
  queryOptions({
    queryKey: ['audit', here.org_id, here.environment, 'checkpoint'],
    queryFn: async () => {
      const found = await dataOf(here.admin.GET('/admin/v1/audit/checkpoint'))
      const decoded = decode(found.checkpoint)
      const same = decoded.claims?.seq === found.seq && decoded.claims?.hash === found.hash
      const key = found.public_key as PublishedKey
      return { ...found, signed: same ? await isSignedBy(key, decoded) : false }
    },
  })

export function Chain() {
  const here = useHere()
  const query = useQuery({
    ...checkpointQuery(here),
    enabled: here.refusal('audit:read') === null,
    retry: false,
  })
  const { data } = query
  const texts = t.requests.chain
  if (here.refusal('audit:read') !== null) return null
  return (
    <Panel
      className="mb-6"
      flush
      title={
        <span className="flex items-center gap-2">
          <Link2 aria-hidden className="size-4 text-muted" />
          {texts.title}
          {data && <Signed signed={data.signed} />}
        </span>
      }
      about={texts.about}
      actions={
        data && (
          <Button
            size="small"
            onClick={() => download(`audit-checkpoint-${data.seq}.txt`, `${data.checkpoint}\n`)}
          >
            {texts.save}
          </Button>
        )
      }
    >
      {query.isPending && <Loading />}
      {query.error && <Failure error={query.error} retry={() => query.refetch()} />}
      {data && (
        <>
          <Facts
            rows={[
              [texts.newest, <Entry key="newest" seq={data.seq} at={data.at} />],
              [texts.oldest, String(data.first_seq)],
              ['SHA-256', <Value key="hash" text={data.hash} label="SHA-256" />],
            ]}
          />
          <div className="border-t border-line px-4 py-3">
            <Twins
              miot={`${miotOf('audit', 'checkpoint')}\n${miotOf('audit', 'verify', '--checkpoint', `audit-checkpoint-${data.seq}.txt`)}`}
              curl={curlOf('GET', '/audit/checkpoint')}
            />
          </div>
        </>
      )}
    </Panel>
  )
}

function Signed({ signed }: { readonly signed: boolean | null }) {
  const { chain } = t.requests
  if (signed === null) return null
  const Icon = signed ? ShieldCheck : ShieldX
  return (
    <Badge tone={signed ? 'good' : 'bad'}>
      <Icon aria-hidden className="size-3" />
      {signed ? chain.signed : chain.altered}
    </Badge>
  )
}

const Entry = ({ seq, at }: { seq: number; at: string }) => (
  <>
    {seq} <span className="text-muted">·</span> {t.requests.chain.signedAt} <Time at={at} full />
  </>
)

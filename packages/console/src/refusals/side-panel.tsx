/** One refusal, beside the list: cause, remedy, and all that is known of the request. */

import * as Radix from '@radix-ui/react-dialog'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { SearchX, X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { RefusedRequest } from '../api/admin.ts'
import { useHere } from '../state/session.ts'
import { t } from '../texts/index.ts'
import { Empty, Failure, Loading } from '../ui/answers.tsx'
import { Button, buttonClasses } from '../ui/button.tsx'
import { Twins } from '../ui/code.tsx'
import { Value } from '../ui/copy.tsx'
import { Facts } from '../ui/panel.tsx'
import { curlOf, miotOf } from '../ui/shell-words.ts'
import { absolute } from '../ui/time.tsx'
import { ApplicationName, useApplication } from './application-name.tsx'
import { Detail } from './explained.tsx'
import { isOfToken, kindTexts, remedyDialog } from './kinds.ts'
import { refusalQuery } from './queries.ts'

interface Props {
  readonly id: string
  /** From the list, if it is there. */
  readonly known: RefusedRequest | undefined
  readonly onClose: () => void
  readonly onFilter: (filter: { kind?: string; client?: string }) => void
}

export function RefusalPanel(props: Props) {
  const { id, known, onClose } = props
  const here = useHere()
  const query = useQuery({ ...refusalQuery(here, id), ...(known && { initialData: known }) })
  const refusal = query.data
  const title = refusal ? kindTexts(refusal.kind).name : t.requests.list
  return (
    <Radix.Root open onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-black/30" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed inset-y-0 right-0 z-40 flex w-full max-w-md animate-fade flex-col overflow-y-auto border-l border-line bg-raised shadow-float"
        >
          <div className="sticky top-0 z-1 flex items-center justify-between gap-4 border-b border-line bg-raised px-4 py-3">
            <Radix.Title className="min-w-0 text-base font-semibold wrap-anywhere">
              {title}
            </Radix.Title>
            <Radix.Close
              aria-label={t.common.close}
              className="-mr-1.5 grid size-8 shrink-0 place-items-center rounded-md text-muted hover:bg-hover hover:text-text"
            >
              <X aria-hidden className="size-4" />
            </Radix.Close>
          </div>
          {query.isPending && <Loading lines={6} />}
          {query.error && <Failure error={query.error} retry={() => query.refetch()} />}
          {refusal === null && (
            <Empty icon={SearchX} title={t.requests.gone} about={t.requests.goneAbout} />
          )}
          {refusal && <Body refusal={refusal} onFilter={props.onFilter} />}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

function Body(props: { refusal: RefusedRequest; onFilter: Props['onFilter'] }) {
  const { refusal, onFilter } = props
  const { kind } = refusal
  const client_id = refusal.client_id as string | null
  const { cause, remedy } = kindTexts(kind)
  return (
    <div className="flex flex-col gap-5 pt-4 pb-6">
      <div className="flex flex-col gap-3 px-4">
        <Words title={t.requests.cause} tone="text-bad">
          {cause}
          <Detail detail={refusal.detail} />
        </Words>
        <Words title={t.requests.remedy} tone="text-good">
          {remedy}
        </Words>
        <Remedies kind={kind} client_id={client_id} />
      </div>
      <div className="border-y border-line">
        <Facts rows={factsOf(refusal)} />
      </div>
      <div className="flex flex-col gap-4 px-4">
        <div className="flex flex-wrap gap-2">
          <Button size="small" onClick={() => onFilter({ kind })}>
            {t.requests.onlyThisKind}
          </Button>
          {client_id !== null && (
            <Button size="small" onClick={() => onFilter({ client: client_id })}>
              {t.requests.onlyThisApplication}
            </Button>
          )}
        </div>
        <Twins
          miot={miotOf('clients', 'refusals', client_id, '--kind', kind)}
          curl={curlOf('GET', `/activity/refusals?kind=${kind}`)}
        />
      </div>
    </div>
  )
}

function Words(props: { title: string; tone: string; children: ReactNode }) {
  return (
    <div>
      <h3 className={`text-xs font-semibold ${props.tone}`}>{props.title}</h3>
      <div className="mt-0.5">{props.children}</div>
    </div>
  )
}

/** Ways to where it is put right. */
function Remedies({ kind, client_id }: { kind: string; client_id: string | null }) {
  const { org_id: org, environment } = useHere()
  const { removed } = useApplication(client_id)
  const dialog = remedyDialog(kind)
  const params = { org, environment }
  return (
    <div className="flex flex-wrap gap-2">
      {client_id !== null && !removed && (
        <Link
          to="/$org/$environment/applications/$client_id"
          params={{ ...params, client_id }}
          search={dialog === null ? {} : { dialog }}
          className={buttonClasses('primary', 'small')}
        >
          {t.requests.actions[dialog ?? 'application']}
        </Link>
      )}
      {client_id === null && (
        <Link
          to="/$org/$environment/applications"
          params={params}
          className={buttonClasses('plain', 'small')}
        >
          {t.nav.applications}
        </Link>
      )}
      {isOfToken(kind) && (
        <Link
          to="/$org/$environment/token-lab"
          params={params}
          className={buttonClasses('plain', 'small')}
        >
          {t.requests.actions.lab}
        </Link>
      )}
    </div>
  )
}

function factsOf(refusal: RefusedRequest): (readonly [string, ReactNode])[] {
  const { at, times, endpoint, status, address, request_id } = refusal
  const { facts } = t.requests
  return [
    [facts.time, <TwoTimes key="at" at={at} />],
    ...(times > 1 ? [[facts.times, t.requests.times(times)] as const] : []),
    [
      t.requests.application,
      <ApplicationLink key="client" client_id={refusal.client_id as string | null} />,
    ],
    [facts.endpoint, <Mono key="endpoint">{endpoint}</Mono>],
    [facts.status, `HTTP ${status}`],
    [facts.address, <Mono key="address">{address}</Mono>],
    [
      facts.userAgent,
      refusal.user_agent === null ? (
        <span key="agent" className="text-muted">
          {facts.noUserAgent}
        </span>
      ) : (
        <Mono key="agent">{String(refusal.user_agent)}</Mono>
      ),
    ],
    [
      facts.requestId,
      <div key="request">
        <Value text={request_id} label={facts.requestId} />
        <p className="text-xs text-muted">{facts.requestIdAbout}</p>
      </div>,
    ],
  ]
}

const Mono = ({ children }: { children: string }) => (
  <code className="font-mono text-xs wrap-anywhere">{children}</code>
)

/** In the reader's zone, with UTC beside. */
function TwoTimes({ at }: { readonly at: string }) {
  return (
    <time dateTime={at}>
      {absolute(Date.parse(at))}
      <span className="block font-mono text-xs text-muted">
        {at.replace('T', ' ').replace('Z', ' UTC')}
      </span>
    </time>
  )
}

function ApplicationLink({ client_id }: { readonly client_id: string | null }) {
  const { org_id: org, environment } = useHere()
  const { removed } = useApplication(client_id)
  if (client_id === null) return <ApplicationName client_id={null} />
  if (removed) {
    return (
      <>
        <Mono>{client_id}</Mono>
        <span className="block text-xs text-muted">{t.requests.removedApplication}</span>
      </>
    )
  }
  return (
    <Link
      to="/$org/$environment/applications/$client_id"
      params={{ org, environment, client_id }}
      className="font-medium text-accent hover:underline"
    >
      <ApplicationName client_id={client_id} />
    </Link>
  )
}

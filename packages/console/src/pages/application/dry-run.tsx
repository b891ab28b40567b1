/** What a list of ranges would do to the addresses that the application came from lately. */

import { useQuery } from '@tanstack/react-query'
import { CircleCheck, CircleX, Plus } from 'lucide-react'
import type { Client, LoginAddress } from '../../api/admin.ts'
import { addressesQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { classes } from '../../ui/classes.ts'
import { Time } from '../../ui/time.tsx'
import { isInRanges } from '../token-lab/ranges.ts'

interface DryRunProps {
  readonly client: Client
  /** As typed. */
  readonly cidrs: readonly string[]
  readonly onAdd: (address: string) => void
}

export function DryRun({ client, cidrs, onAdd }: DryRunProps) {
  const query = useQuery(addressesQuery(useHere(), client.client_id))
  if (query.error) return <Failure error={query.error} retry={() => query.refetch()} />
  if (query.data === undefined) return <Loading lines={2} />
  const { addresses, max_addresses } = query.data
  const refused = addresses.filter(({ address }) => !isInRanges(address, cidrs))
  return (
    <section aria-labelledby="dry-run" className="flex min-w-0 flex-col gap-1.5">
      <h3 id="dry-run" className="text-[0.8125rem] font-medium">
        {t.allowlist.dryRun}
      </h3>
      <p role="status" className="text-xs text-muted">
        {addresses.length === 0
          ? t.allowlist.noAddresses
          : t.allowlist.verdict(addresses.length - refused.length, refused.length)}
        {addresses.length === max_addresses && ` ${t.allowlist.onlyLast(max_addresses)}`}
      </p>
      {addresses.length > 0 && (
        <ul className="max-h-48 divide-y divide-line overflow-y-auto rounded-md border border-line">
          {addresses.map((one) => (
            <Row key={one.address} one={one} refused={refused.includes(one)} onAdd={onAdd} />
          ))}
        </ul>
      )}
    </section>
  )
}

interface RowProps {
  readonly one: LoginAddress
  readonly refused: boolean
  readonly onAdd: (address: string) => void
}

function Row({ one: { address, last_seen_at }, refused, onAdd }: RowProps) {
  const Icon = refused ? CircleX : CircleCheck
  return (
    <li className="flex min-h-10 items-center gap-2.5 px-3 py-1.5 text-xs">
      <Icon
        aria-hidden
        className={classes('size-4 shrink-0', refused ? 'text-bad' : 'text-good')}
      />
      <span className="min-w-0 flex-1 wrap-anywhere">
        <code className="font-mono">{address}</code>{' '}
        <span className={refused ? 'text-bad' : 'text-muted'}>
          {refused ? t.allowlist.refuses : t.allowlist.letsIn}
        </span>{' '}
        <span className="text-muted">
          · <Time at={last_seen_at} />
        </span>
      </span>
      {refused && (
        <Button
          size="small"
          aria-label={t.allowlist.addAddress(address)}
          onClick={() => onAdd(address)}
        >
          <Plus aria-hidden className="size-3.5" />
          {t.allowlist.add}
        </Button>
      )}
    </li>
  )
}

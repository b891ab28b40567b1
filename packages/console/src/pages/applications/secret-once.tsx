/** A dialog with a secret that is shown once. It closes only once the secret is saved. */

import { Download } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../texts/index.ts'
import { Button } from '../../ui/button.tsx'
import { Value } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { download } from '../../ui/download.ts'
import { CheckField } from '../../ui/field.tsx'
import { Notice } from '../../ui/panel.tsx'
import { dotEnv, fileName } from './credential-files.ts'

export function SecretOnce(props: {
  readonly title: string
  readonly name: string
  readonly client_id: string
  readonly client_secret: string
  readonly audience: string
  readonly onDone: () => void
}) {
  const { title, name, client_id, client_secret, audience, onDone } = props
  const [saved, setSaved] = useState(false)
  const rows = [
    ['client_id', client_id],
    ['client_secret', client_secret],
    ['audience', audience],
    ['grant_type', 'client_credentials'],
  ] as const
  return (
    <Dialog open onClose={saved ? onDone : null} title={title} wide>
      <div className="flex flex-col gap-4">
        <Notice tone="warn">{t.credentials.once}</Notice>
        <dl className="divide-y divide-line rounded-md border border-line">
          {rows.map(([field, value]) => (
            <div
              key={field}
              className="grid items-center gap-x-4 px-3 py-1 sm:grid-cols-[8rem_1fr]"
            >
              <dt className="font-mono text-xs text-muted">{field}</dt>
              <dd className="min-w-0">
                <Value text={value} label={field} secret={field === 'client_secret'} />
              </dd>
            </div>
          ))}
        </dl>
        <div className="flex flex-wrap items-center justify-between gap-3">
          <CheckField
            label={t.credentials.saved}
            checked={saved}
            onChange={({ target }) => setSaved(target.checked)}
          />
          <div className="ml-auto flex gap-2">
            <Button
              onClick={() => {
                const filled = { origin: location.origin, client_id, client_secret, audience }
                download(`${fileName(name)}.env`, dotEnv(filled))
                setSaved(true)
              }}
            >
              <Download aria-hidden className="size-3.5" />
              {t.credentials.download}
            </Button>
            <Button
              look="primary"
              refused={saved ? null : t.credentials.saveFirst}
              onClick={onDone}
            >
              {t.common.done}
            </Button>
          </div>
        </div>
      </div>
    </Dialog>
  )
}

/** The four credentials, once: masked on screen, real when copied or downloaded. */

import { Download, ShieldAlert } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../texts/index.ts'
import { AskWhenLeaving } from '../../ui/ask-when-leaving.tsx'
import { Button } from '../../ui/button.tsx'
import { CodeTabs } from '../../ui/code.tsx'
import { Value } from '../../ui/copy.tsx'
import { download } from '../../ui/download.ts'
import { CheckField } from '../../ui/field.tsx'
import { Notice, Panel } from '../../ui/panel.tsx'
import type { Created } from '../applications/create.ts'
import { dotEnv, type Filled, fileName } from '../applications/credential-files.ts'
import { SNIPPETS } from './snippets.ts'

export function Credentials({ created }: { readonly created: Created }) {
  const [saved, setSaved] = useState(false)
  const { client, client_secret, audience } = created
  const filled: Filled = {
    origin: location.origin,
    client_id: client.client_id,
    client_secret,
    audience,
  }
  return (
    <>
      <Panel
        title={t.credentials.title(client.name)}
        about={t.credentials.about}
        flush
        actions={
          <Button
            size="small"
            onClick={() => {
              download(`${fileName(client.name)}.env`, dotEnv(filled))
              setSaved(true)
            }}
          >
            <Download aria-hidden className="size-3.5" />
            {t.credentials.download}
          </Button>
        }
      >
        <dl className="divide-y divide-line">
          <Row name="client_id" value={client.client_id} />
          <Row name="client_secret" value={client_secret} secret />
          <Row name="audience" value={audience} />
          <Row name="grant_type" value="client_credentials" />
        </dl>
        <div className="flex flex-col gap-3 border-t border-line p-4">
          <Notice tone="warn">
            <span className="flex gap-2">
              <ShieldAlert aria-hidden className="size-4 shrink-0" />
              {t.credentials.once}
            </span>
          </Notice>
          <CheckField
            label={t.credentials.saved}
            checked={saved}
            onChange={({ target }) => setSaved(target.checked)}
          />
        </div>
      </Panel>
      <Panel title={t.credentials.paste} about={t.credentials.pasteAbout}>
        <CodeTabs
          label={t.credentials.paste}
          tabs={SNIPPETS.map(([name, make]) => [name, make(filled)] as const)}
          secrets={[client_secret]}
        />
      </Panel>
      <AskWhenLeaving unless={saved} />
    </>
  )
}

function Row(props: { readonly name: string; readonly value: string; readonly secret?: boolean }) {
  const { name, value, secret = false } = props
  return (
    <div className="grid items-center gap-x-4 px-4 py-1.5 sm:grid-cols-[9rem_1fr]">
      <dt className="font-mono text-xs text-muted">{name}</dt>
      <dd className="min-w-0">
        <Value text={value} label={name} secret={secret} />
      </dd>
    </div>
  )
}

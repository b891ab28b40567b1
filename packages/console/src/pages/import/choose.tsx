/** Choosing a file, by a button or by dropping it. */

import { CLIENTS_TEMPLATE, ClientFileError } from '@modulariot/auth/client-file'
import { Download, FileUp } from 'lucide-react'
import { useRef, useState } from 'react'
import type { Audience } from '../../api/admin.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Button } from '../../ui/button.tsx'
import { classes } from '../../ui/classes.ts'
import { Twins } from '../../ui/code.tsx'
import { download } from '../../ui/download.ts'
import { SelectField } from '../../ui/field.tsx'
import { Notice, Panel } from '../../ui/panel.tsx'
import { FileIsUtf16, FileTooLarge } from './read-file.ts'
import { importTwins } from './twins.ts'

export function Choose(props: {
  readonly audiences: readonly Audience[]
  readonly audience: string
  readonly onAudience: (audience: string) => void
  readonly onFile: (file: File) => void
  readonly error: unknown
  readonly reading: boolean
}) {
  const { audiences, audience, onAudience, onFile, error, reading } = props
  const { environment, refusal } = useHere()
  const refused = refusal('clients:write')
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const take = (file: File | undefined): void => {
    if (file !== undefined && refused === null) onFile(file)
  }
  return (
    <Panel>
      <div className="flex flex-col gap-4">
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the button in it does the same */}
        <div
          onDragOver={(event) => {
            event.preventDefault()
            setOver(true)
          }}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault()
            setOver(false)
            take(event.dataTransfer.files[0])
          }}
          className={classes(
            'flex flex-col items-center gap-3 rounded-lg border border-dashed px-6 py-10 text-center',
            over ? 'border-accent bg-accent-soft' : 'border-line-strong bg-sunken',
          )}
        >
          <FileUp aria-hidden className="size-6 text-muted" />
          <Button
            look="primary"
            refused={refused}
            busy={reading}
            onClick={() => input.current?.click()}
          >
            {reading ? t.imports.reading : t.imports.choose}
          </Button>
          <input
            ref={input}
            type="file"
            aria-label={t.imports.file}
            tabIndex={-1}
            disabled={refused !== null}
            accept=".csv,.tsv,.txt,.ndjson,.jsonl,text/csv,application/x-ndjson"
            className="sr-only"
            onChange={({ target }) => {
              take(target.files?.[0])
              // The same file may be chosen again, once it is corrected.
              target.value = ''
            }}
          />
          <p className="text-muted">{t.imports.drop}</p>
        </div>
        {refused !== null && <Notice tone="warn">{refused}</Notice>}
        {error !== null && <Notice tone="bad">{reasonOfFile(error)}</Notice>}
        {audiences.length > 1 && (
          <SelectField
            label={t.imports.audience}
            value={audience}
            onChange={({ target }) => onAudience(target.value)}
          >
            {audiences.map((one) => (
              <option key={one.audience}>{one.audience}</option>
            ))}
          </SelectField>
        )}
        <div className="flex flex-wrap items-center justify-between gap-3">
          <p className="max-w-xl text-xs text-muted">{t.imports.columns}</p>
          <Button size="small" onClick={() => download('clients.csv', CLIENTS_TEMPLATE)}>
            <Download aria-hidden className="size-3.5" />
            {t.imports.template}
          </Button>
        </div>
        <Twins {...importTwins(environment)} />
      </div>
    </Panel>
  )
}

function reasonOfFile(error: unknown): string {
  if (error instanceof ClientFileError) return error.message
  if (error instanceof FileTooLarge) return t.imports.tooLarge
  if (error instanceof FileIsUtf16) return t.imports.utf16
  return t.imports.unreadable
}

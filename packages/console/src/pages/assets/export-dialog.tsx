/** Saves a period of one asset as CSV. */

import { useMutation } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useHere } from '../../state/session.ts'
import { language, t } from '../../texts/index.ts'
import { Twins } from '../../ui/code.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { SelectField } from '../../ui/field.tsx'
import { miotOf, word } from '../../ui/shell-words.ts'
import { absolute } from '../../ui/time.tsx'
import { fileName } from '../applications/credential-files.ts'
import { EXPORTED, type Exported, exportCsv } from './readings/export.ts'
import type { Span } from './readings/period.ts'
import { type MetricRow, pathOf } from './readings/queries.ts'

export function ExportDialog(props: {
  readonly asset_id: string
  readonly span: Span
  readonly metrics: readonly MetricRow[]
  readonly onClose: () => void
}) {
  const { asset_id, span, metrics, onClose } = props
  const here = useHere()
  const [data, setData] = useState<Exported>('positions')
  const [rows, setRows] = useState<number | null>(null)
  const [{ from, to }] = useState(() => span.resolve())
  const end = useRef(new AbortController())
  useEffect(() => {
    const controller = new AbortController()
    end.current = controller
    return () => controller.abort()
  }, [])
  const file = `${fileName(asset_id)}-${data}-${from.slice(0, 10)}.csv`
  const save = useMutation({
    mutationFn: async () => {
      const keys = metrics.map(({ key }) => key)
      const { signal } = end.current
      const request = { asset_id, data, from, to, keys, signal, onRows: setRows }
      saveBlob(file, await exportCsv(here, request))
    },
  })
  const path = `${pathOf(asset_id)}/${data}`
  const query = new URLSearchParams({
    ...(data === 'metrics' && { key: metrics[0]?.key ?? 'KEY' }),
    ...{ from, to, limit: '1000' },
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.assets.export.title(asset_id)}
      about={`${absolute(Date.parse(from))} – ${absolute(Date.parse(to))}`}
    >
      <DialogForm
        submit={t.assets.export.submit}
        busy={save.isPending}
        error={save.error}
        onSubmit={() => save.mutate()}
        onCancel={onClose}
      >
        <SelectField
          label={t.assets.export.data}
          hint={t.assets.export.hint}
          value={data}
          onChange={({ target }) => {
            setData(target.value as Exported)
            setRows(null)
            save.reset()
          }}
        >
          {EXPORTED.map((name) => (
            <option key={name} value={name}>
              {t.assets.export.kinds[name]}
            </option>
          ))}
        </SelectField>
        <p role="status" className="text-muted">
          {rows !== null &&
            (save.isSuccess ? t.assets.export.done : t.assets.export.rows)(
              rows.toLocaleString(language),
            )}
        </p>
        <Twins
          miot={miotOf(
            ...['assets', 'export', '--asset', asset_id, '--data', data],
            ...['--from', from, '--to', to, '--out', file],
          )}
          curl={`curl -sS ${word(`${location.origin}${path}?${query}`)} \\\n  -H "Authorization: Bearer $TOKEN"`}
        />
      </DialogForm>
    </Dialog>
  )
}

function saveBlob(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}

/** `?`: the keys. */

import type { ReactNode } from 'react'
import { t } from '../texts/index.ts'
import { Dialog } from '../ui/dialog.tsx'
import { pageNames } from './shortcuts.ts'

export function KeysHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  const rows: readonly (readonly [readonly string[], string])[] = [
    [['Ctrl', 'K'], t.keysHelp.palette],
    [['/'], t.keysHelp.search],
    ...pageNames().map(([key, name]) => [['g', key], name] as const),
    [['?'], t.keysHelp.keys],
    [['Esc'], t.keysHelp.close],
  ]
  return (
    <Dialog open={open} onClose={onClose} title={t.keysHelp.title}>
      <ul className="divide-y divide-line">
        {rows.map(([keys, about]) => (
          <li key={about} className="flex items-center justify-between py-2">
            <span>{about}</span>
            <span className="flex gap-1">
              {keys.map((key) => (
                <Key key={key}>{key}</Key>
              ))}
            </span>
          </li>
        ))}
      </ul>
    </Dialog>
  )
}

export const Key = ({ children }: { children: ReactNode }) => (
  <kbd className="min-w-5 rounded border border-line-strong bg-sunken px-1.5 py-0.5 text-center font-mono text-[0.6875rem] text-muted">
    {children}
  </kbd>
)

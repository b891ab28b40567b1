/** Ctrl-K: pages, actions, and applications by name, searched on the server. */

import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { Boxes, type LucideIcon } from 'lucide-react'
import { useDeferredValue, useEffect, useState } from 'react'
import { adminOf, dataOf } from '../api/admin.ts'
import type { Environment } from '../api/people.ts'
import { t } from '../texts/index.ts'
import { focusAgain } from '../ui/focus.ts'
import { PAGES, pageNames } from './shortcuts.ts'

/** As many as fit. */
const FOUND = 8

export function Palette(props: { open: boolean; onClose: () => void; onKeys: () => void }) {
  const { open, onClose, onKeys } = props
  const navigate = useNavigate()
  const { org, environment } = useParams({ strict: false })
  const [text, setText] = useState('')
  const applications = useFound(open, text)
  useFocusAfter(open)
  const close = (): void => {
    setText('')
    onClose()
  }
  const go = (action: () => unknown) => (): void => {
    close()
    void action()
  }
  const pages = org !== undefined && environment !== undefined && { org, environment }
  return (
    <Command.Dialog
      open={open}
      onOpenChange={(next) => !next && close()}
      label={t.palette.title}
      overlayClassName="fixed inset-0 z-40 animate-fade bg-black/40"
      contentClassName="fixed inset-x-3 top-[12vh] z-50 mx-auto max-w-xl animate-appear overflow-hidden rounded-xl border border-line bg-raised shadow-float"
    >
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder={t.palette.placeholder}
        className="h-12 w-full border-b border-line bg-transparent px-4 text-sm outline-none"
      />
      <Command.List className="max-h-[50vh] overflow-y-auto p-2">
        <Command.Empty className="px-3 py-8 text-center text-muted">{t.palette.none}</Command.Empty>
        {pages && applications.length > 0 && (
          <Group heading={t.palette.applications}>
            {applications.map(({ client_id, name }) => (
              <Item
                key={client_id}
                icon={Boxes}
                value={`${name} ${client_id} ${text}`}
                onSelect={go(() =>
                  navigate({
                    to: '/$org/$environment/applications/$client_id',
                    params: { ...pages, client_id },
                  }),
                )}
              >
                {name} <code className="ml-auto text-xs text-muted">{client_id}</code>
              </Item>
            ))}
          </Group>
        )}
        {pages && (
          <Group heading={t.shell.pages}>
            {pageNames().map(([key, name]) => (
              <Item
                key={key}
                value={name}
                onSelect={go(() => navigate({ to: PAGES[key], params: pages }))}
              >
                {name}
              </Item>
            ))}
            <Item value={t.nav.account} onSelect={go(() => navigate({ to: '/account' }))}>
              {t.nav.account}
            </Item>
          </Group>
        )}
        <Group heading={t.palette.actions}>
          {pages && (
            <Item
              value={t.applications.create}
              onSelect={go(() =>
                navigate({
                  to: '/$org/$environment/applications',
                  params: pages,
                  search: { create: true },
                }),
              )}
            >
              {t.applications.create}
            </Item>
          )}
          {pages && (
            <Item
              value={t.imports.title}
              onSelect={go(() =>
                navigate({ to: '/$org/$environment/applications/import', params: pages }),
              )}
            >
              {t.imports.title}
            </Item>
          )}
          <Item value={t.keysHelp.title} onSelect={go(onKeys)}>
            {t.keysHelp.title}
          </Item>
        </Group>
      </Command.List>
    </Command.Dialog>
  )
}

/** Its dialog is cmdk's, which leaves the focus nowhere. */
function useFocusAfter(open: boolean): void {
  useEffect(() => {
    if (!open) return
    return () => {
      setTimeout(() => {
        // A page that was chosen has it already.
        if (document.activeElement === document.body) focusAgain()
      })
    }
  }, [open])
}

function useFound(open: boolean, text: string) {
  const { org, environment } = useParams({ strict: false })
  const search = useDeferredValue(text.trim())
  const { data } = useQuery({
    queryKey: ['palette', org, environment, search],
    enabled: open && search !== '' && org !== undefined,
    queryFn: ({ signal }) => {
      const place = { org_id: org as string, environment: environment as Environment }
      return dataOf(
        adminOf(place).GET('/admin/v1/clients', {
          params: { query: { search, limit: FOUND } },
          signal,
        }),
      )
    },
  })
  return data?.clients ?? []
}

const Group = ({ heading, children }: { heading: string; children: React.ReactNode }) => (
  <Command.Group
    heading={heading}
    className="[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-muted"
  >
    {children}
  </Command.Group>
)

function Item(props: {
  readonly value: string
  readonly onSelect: () => void
  readonly icon?: LucideIcon
  readonly children: React.ReactNode
}) {
  const { icon: Icon } = props
  return (
    <Command.Item
      value={props.value}
      onSelect={props.onSelect}
      className="flex cursor-pointer items-center gap-2 rounded-md px-2.5 py-2 data-[selected=true]:bg-hover"
    >
      {Icon && <Icon aria-hidden className="size-4 text-muted" />}
      {props.children}
    </Command.Item>
  )
}

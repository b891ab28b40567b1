/** A menu that opens below its trigger. */

import * as Radix from '@radix-ui/react-dropdown-menu'
import type { ReactElement, ReactNode } from 'react'
import { classes } from './classes.ts'

export function Menu(props: {
  readonly trigger: ReactElement
  readonly align?: 'start' | 'end'
  readonly children: ReactNode
}) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{props.trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={props.align ?? 'end'}
          sideOffset={6}
          collisionPadding={8}
          className="z-50 min-w-52 animate-fade rounded-lg border border-line bg-raised p-1 shadow-float"
        >
          {props.children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

export function MenuItem(props: {
  readonly onSelect: () => void
  readonly danger?: boolean
  readonly children: ReactNode
}) {
  return (
    <Radix.Item
      onSelect={props.onSelect}
      className={classes(
        'flex cursor-pointer items-center gap-2 rounded-md px-2.5 py-1.5 text-sm outline-none data-highlighted:bg-hover',
        props.danger && 'text-bad',
      )}
    >
      {props.children}
    </Radix.Item>
  )
}

export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <Radix.Label className="px-2.5 pt-1.5 pb-1 text-xs text-muted">{children}</Radix.Label>
)

export const MenuLine = () => <Radix.Separator className="-mx-1 my-1 h-px bg-line" />

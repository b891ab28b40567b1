/**
 * The open dialog is part of the address: it can be linked, and Back closes it. Back does not open
 * one again that was closed: its change may have been made.
 */

import { useNavigate, useSearch } from '@tanstack/react-router'

export function useDialogName(): readonly [
  name: string | undefined,
  open: (name: string | undefined) => void,
] {
  const { dialog } = useSearch({ strict: false })
  const navigate = useNavigate()
  return [
    dialog,
    (name) =>
      void navigate({
        to: '.',
        search: name === undefined ? {} : { dialog: name },
        replace: name === undefined,
      }),
  ]
}

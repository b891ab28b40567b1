/** The one change that many clients get: which actions there are, and what each takes. */

import { invalidInput } from '../errors/admin-error.ts'
import { LABEL_LENGTH } from '../records/client-limits.ts'
import { assertPlainText } from '../text/plain-text.ts'
import { assertTags } from './new-client.ts'

export type ManyChange =
  | { readonly action: 'add_tags' | 'remove_tags'; readonly tags: readonly string[] }
  | { readonly action: 'disable' | 'enable' }
  | { readonly action: 'rotate'; readonly overlap_seconds: number; readonly label?: string }

/** Before it is known which members its action takes. */
export interface ManyChangeInput {
  readonly action: ManyChange['action']
  readonly tags?: readonly string[]
  readonly overlap_seconds?: number
  readonly label?: string
}

const TAKES: Readonly<Record<ManyChange['action'], readonly string[]>> = {
  add_tags: ['tags'],
  remove_tags: ['tags'],
  disable: [],
  enable: [],
  rotate: ['overlap_seconds', 'label'],
}

export const MANY_CHANGE_ACTIONS = Object.keys(TAKES) as readonly ManyChange['action'][]

/** @throws AdminError `invalid_input` naming a member that is missing, or that has no effect. */
export function manyChangeOf({ action, ...members }: ManyChangeInput): ManyChange {
  const idle = Object.keys(members).find((name) => !TAKES[action].includes(name))
  if (idle !== undefined) throw invalidInput(`${action} takes no ${idle}`)
  const { tags = [], overlap_seconds, label } = members
  if (action === 'disable' || action === 'enable') return { action }
  if (action === 'rotate') {
    if (overlap_seconds === undefined) throw invalidInput('rotate needs overlap_seconds')
    if (label !== undefined) assertPlainText('label', label, LABEL_LENGTH)
    return { action, overlap_seconds, ...(label !== undefined && { label }) }
  }
  if (tags.length === 0) throw invalidInput(`${action} needs tags`)
  assertTags(tags)
  return { action, tags }
}

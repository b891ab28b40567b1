/** Small signs: the colour of an age, and whether the page is live. */

import { Radio } from 'lucide-react'
import { t } from '../../texts/index.ts'
import { classes } from '../../ui/classes.ts'
import { Badge, type Tone } from '../../ui/panel.tsx'
import type { Age } from './map/ages.ts'
import type { LiveState } from './readings/live.ts'

/** The colours of the map. */
const DOTS: Readonly<Record<Age, string>> = {
  now: 'bg-[light-dark(#0f8a4c,#4cc38a)]',
  hour: 'bg-[light-dark(#3451d1,#93a5ff)]',
  day: 'bg-[light-dark(#b86400,#f0a84e)]',
  silent: 'bg-[light-dark(#7a8494,#78859a)]',
}

export function Dot({ age }: { readonly age: Age }) {
  return <span aria-hidden className={classes('size-2.5 shrink-0 rounded-full', DOTS[age])} />
}

const TONES: Readonly<Record<LiveState, Tone>> = {
  connecting: 'neutral',
  live: 'good',
  lost: 'warn',
  refused: 'neutral',
}

export function LiveBadge({ state }: { readonly state: LiveState }) {
  return (
    <span role="status">
      <Badge tone={TONES[state]}>
        <Radio aria-hidden className={classes('size-3', state === 'live' && 'animate-breathe')} />
        {t.assets.live[state]}
      </Badge>
    </span>
  )
}

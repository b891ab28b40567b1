/** What is drawn on a canvas has no stylesheet: its colours, as `styles.css` has them. */

import { useSyncExternalStore } from 'react'
import type { Age } from './ages.ts'

export interface Colours {
  readonly sea: string
  readonly land: string
  readonly coast: string
  readonly border: string
  readonly grid: string
  readonly gridText: string
  readonly country: string
  readonly text: string
  readonly halo: string
  readonly accent: string
  readonly accentSoft: string
  readonly line: string
  readonly muted: string
  readonly ages: Readonly<Record<Age, string>>
}

const LIGHT: Colours = {
  sea: '#dfe7ef',
  land: '#fbfaf7',
  coast: '#b4c0cd',
  border: '#c9ced6',
  grid: '#5a63721c',
  gridText: '#5a6372',
  country: '#7a8494',
  text: '#15181e',
  halo: '#ffffffe6',
  accent: '#3451d1',
  accentSoft: '#3451d126',
  line: '#e3e6eb',
  muted: '#5a6372',
  ages: { now: '#0f8a4c', hour: '#3451d1', day: '#b86400', silent: '#7a8494' },
}

const DARK: Colours = {
  sea: '#0b1017',
  land: '#1b212b',
  coast: '#39465a',
  border: '#333d4c',
  grid: '#9aa4b41f',
  gridText: '#9aa4b4',
  country: '#78859a',
  text: '#eceef2',
  halo: '#0c0e12e6',
  accent: '#93a5ff',
  accentSoft: '#93a5ff33',
  line: '#262c36',
  muted: '#9aa4b4',
  ages: { now: '#4cc38a', hour: '#93a5ff', day: '#f0a84e', silent: '#78859a' },
}

export const isDark = (colours: Colours): boolean => colours === DARK

const dark = matchMedia('(prefers-color-scheme: dark)')

export function useColours(): Colours {
  return useSyncExternalStore(
    (onChange) => {
      dark.addEventListener('change', onChange)
      return () => dark.removeEventListener('change', onChange)
    },
    () => (dark.matches ? DARK : LIGHT),
  )
}

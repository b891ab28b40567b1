/**
 * The texts of the page in the reader's language. Loaded once, before anything is drawn; a change
 * of language loads the page again.
 */

import type { Texts } from './en.ts'

export type Language = 'en' | 'es'

const KEY = 'miot.language'

export let t: Texts
export let language: Language = 'en'

export async function loadTexts(): Promise<void> {
  language = chosenLanguage()
  document.documentElement.lang = language
  t = language === 'es' ? (await import('./es.ts')).es : (await import('./en.ts')).en
}

/** What the reader has chosen in this browser, else the browser's first language that we have. */
function chosenLanguage(): Language {
  const chosen = localStorage.getItem(KEY)
  if (chosen === 'en' || chosen === 'es') return chosen
  for (const name of navigator.languages) {
    if (name.startsWith('es')) return 'es'
    if (name.startsWith('en')) return 'en'
  }
  return 'en'
}

export function chooseLanguage(next: Language): void {
  localStorage.setItem(KEY, next)
  location.reload()
}

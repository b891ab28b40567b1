/**
 * Where the keyboard goes after a dialog: to where it was in the page. Radix returns to its own
 * triggers alone, which these dialogs do not have.
 */

/** For an item of a menu its trigger: the item is gone when a dialog opens. */
let lastInPage: Element | null = null
document.addEventListener('focusin', ({ target }) => {
  if (!(target instanceof Element) || target.closest('[role="dialog"]') !== null) return
  const menu = target.closest('[role="menu"]')
  const trigger = document.getElementById(menu?.getAttribute('aria-labelledby') ?? '')
  lastInPage = menu === null ? target : trigger
})

/** To the page's content when that element is gone, such as the bar of a selection. */
export function focusAgain(): void {
  const next = lastInPage?.isConnected ? lastInPage : document.getElementById('content')
  if (next instanceof HTMLElement) next.focus({ preventScroll: true })
}

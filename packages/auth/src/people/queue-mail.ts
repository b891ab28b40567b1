/** Queues a message, within the limit for its recipient; beyond it, the message is dropped. */

import type { PeopleDeps } from './deps.ts'
import type { Mail } from './mailer-port.ts'
import { PeopleError } from './people-error.ts'

/**
 * The limit is spent before it is known whether there is anything to write: what is left of it,
 * which inviting shows, must not tell whether there is an account. Whether a message was dropped is
 * not told either: it would tell that others were sent.
 *
 * @param to normalized.
 * @param compose null: there is nothing to write.
 */
export async function queueMail(
  to: string,
  compose: () => Promise<Omit<Mail, 'to'> | null>,
  { limits, mailer }: PeopleDeps,
): Promise<void> {
  if (!spent(to, limits)) return
  const text = await compose()
  if (text !== null) mailer?.queue({ to, ...text })
}

function spent(to: string, limits: PeopleDeps['limits']): boolean {
  const budget = ['recipient', to] as const
  try {
    limits.assertWithin(budget)
  } catch (error) {
    if (error instanceof PeopleError) return false
    throw error
  }
  limits.spend(budget)
  return true
}

/** Our own statements over the tables of better-auth, one text for both databases. */

import type { AccountResult, AccountStatements } from '../store/ports/accounts.ts'

export type PeopleSql = (text: string, ...parameters: readonly unknown[]) => Promise<AccountResult>

/** In texts, `{people}` is a table, and `?` a parameter. */
export function peopleSql({ dialect, run }: AccountStatements['accounts']): PeopleSql {
  const schema = dialect === 'postgres' ? 'auth.' : ''
  return (text, ...parameters) => {
    let index = 0
    const named = text.replaceAll(/\{(\w+)\}/g, (_, table: string) => `${schema}${table}`)
    const numbered = dialect === 'postgres' ? named.replaceAll('?', () => `$${++index}`) : named
    return run(numbered, parameters)
  }
}

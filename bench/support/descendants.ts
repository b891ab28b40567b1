/** The processes that others have started, such as the ones of a database. */

import { readdirSync, readFileSync } from 'node:fs'

/** @returns these processes and all below them, as of now. */
export function withDescendants(pids: readonly number[]): number[] {
  const found = new Set(pids)
  for (const pid of found) for (const child of childrenOf(pid)) found.add(child)
  return [...found]
}

/** proc_pid_task(5); none where it has ended, or the system has no /proc. */
function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
        .split(' ')
        .filter((text) => text !== '')
        .map(Number),
    )
  } catch {
    return []
  }
}

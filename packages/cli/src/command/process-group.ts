/**
 * Programs that `miot` starts in a process group of their own, to end them with all they started.
 */

/** Started with `detached`, except on Windows, which has no process groups. */
export const IN_A_GROUP = process.platform !== 'win32'

export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(IN_A_GROUP ? -pid : pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

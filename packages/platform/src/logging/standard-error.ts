/**
 * Standard error for the log, without blocking on it. What cannot be written is dropped: a full
 * disk, or a terminal that is gone, ends the log and not the server, and the log goes on when it
 * can.
 *
 * Not pino's own: it ends the process at the first such error, and then tries again without end.
 */

import { write, writeSync } from 'node:fs'

const STDERR = 2

/** A pipe or terminal that takes nothing now. */
const RETRY_MS = 50
/** At the end of the process, for which others wait. */
const MAX_RETRIES = 20

/** Lines beyond it are dropped: a reader that has stopped would cost memory without bound. */
const MAX_WAITING_CHARACTERS = 16 * 1024 ** 2

/** What `write` of node:fs does with bytes. */
type Write = (
  descriptor: number,
  bytes: Uint8Array,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void

export interface StandardError {
  write(text: string): void
  /** Writes what waits, blocking. A write that is under way is not repeated. */
  flushSync(): void
}

export function standardError(writeBytes: Write = write): StandardError {
  let waiting = ''
  /** Not written yet; empty: nothing. */
  let rest: Uint8Array = new Uint8Array()
  let state: 'idle' | 'writing' | 'pausing' = 'idle'

  function next(): void {
    if (rest.length === 0) {
      rest = Buffer.from(waiting)
      waiting = ''
    }
    if (rest.length === 0) return
    state = 'writing'
    writeBytes(STDERR, rest, (error, written) => {
      if (isBusy(error)) {
        state = 'pausing'
        setTimeout(again, RETRY_MS)
        return
      }
      state = 'idle'
      rest = error === null ? rest.subarray(written) : new Uint8Array()
      next()
    })
  }
  function again(): void {
    state = 'idle'
    next()
  }

  return {
    write(text) {
      if (waiting.length + text.length > MAX_WAITING_CHARACTERS) return
      waiting += text
      if (state === 'idle') next()
    },
    flushSync() {
      const begun = state === 'writing' ? new Uint8Array() : rest
      writeAll(Buffer.concat([begun, Buffer.from(waiting)]))
      waiting = ''
    },
  }
}

function isBusy(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN'
}

function writeAll(bytes: Uint8Array): void {
  let rest = bytes
  for (let retries = 0; rest.length > 0 && retries < MAX_RETRIES; ) {
    try {
      rest = rest.subarray(writeSync(STDERR, rest))
    } catch (error) {
      if (!isBusy(error)) return
      retries++
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
    }
  }
}

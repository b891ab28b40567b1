/** The calls to the thread that writes, and to the process that has it for others. */

import { type CallErrors, type Caller, threadCaller } from '@modulariot/platform/threads'
import type { AppendOutcome, SealedPieces, Tenant } from '../store.ts'
import type { WriterCalls, WriterData } from './writer-thread.ts'

/** The thread starts with the first call. */
export function writerThread(data: WriterData, errors: CallErrors): Caller<WriterCalls> {
  return threadCaller<WriterCalls>({
    script: new URL('./writer-thread.ts', import.meta.url),
    workerData: data,
    ...errors,
  })
}

/** What is called in the same way wherever the thread is. */
export type OtherWrites = Omit<WriterCalls, 'append'>

/** The calls to `writer-host.ts`. */
export type HostCalls = OtherWrites & {
  /** @param tenants the owners of the observations, each once. */
  append: (batch: SealedPieces, tenants: readonly Tenant[]) => Promise<AppendOutcome[]>
  /** The tenants of which other processes have stored something (`news.ts`). */
  news: (isFirst: boolean) => Promise<readonly Tenant[] | null>
}

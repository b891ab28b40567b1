/** One run of a change to many applications, as the dialog shows it. */

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { type ChangeResult, dataOf, type ManyChange } from '../../../api/admin.ts'
import { useHere } from '../../../state/session.ts'
import { partSize, runParts } from './run.ts'

export interface RunState {
  readonly phase: 'form' | 'running' | 'stopping' | 'done'
  readonly results: readonly ChangeResult[]
  readonly failure: unknown
}

/** What a change makes stale, by the first words of the keys of caches. */
const STALE = ['client', 'clients', 'usage', 'audit', 'hygiene']

export function useRun(client_ids: readonly string[]) {
  const { admin } = useHere()
  const queries = useQueryClient()
  const [state, setState] = useState<RunState>({ phase: 'form', results: [], failure: null })
  const stopped = useRef(false)
  useEffect(() => {
    stopped.current = false
    return () => {
      stopped.current = true
    }
  }, [])
  const send = async (change: ManyChange, part: readonly string[]) => {
    const { results } = await dataOf(
      admin.POST('/admin/v1/clients/batch', {
        // A repeated request changes nothing twice.
        params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
        body: { ...change, client_ids: [...part] },
      }),
    )
    return results
  }
  /** Begins, or continues with those that have no result. */
  async function start(change: ManyChange): Promise<void> {
    const before = state.results
    const done = new Set(before.map(({ client_id }) => client_id))
    const left = client_ids.filter((client_id) => !done.has(client_id))
    stopped.current = false
    setState({ phase: 'running', results: before, failure: null })
    const { results, failure } = await runParts(left, {
      size: partSize(change.action),
      send: (part) => send(change, part),
      onResults: (now) => setState((old) => ({ ...old, results: [...before, ...now] })),
      isStopped: () => stopped.current,
    })
    setState({ phase: 'done', results: [...before, ...results], failure })
    await queries.invalidateQueries({
      predicate: ({ queryKey }) => STALE.includes(String(queryKey[0])),
    })
  }
  function stop(): void {
    stopped.current = true
    setState((old) => ({ ...old, phase: 'stopping' }))
  }
  return { ...state, left: client_ids.length - state.results.length, start, stop }
}

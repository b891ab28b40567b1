/** A change with its toast and the reads that it makes stale. */

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { toast } from 'sonner'

export function useChange<Input, Answer>(options: {
  readonly change: (input: Input) => Promise<Answer>
  /** First words of query keys. */
  readonly invalidates?: readonly string[]
  /** What the toast says; left out: no toast. */
  readonly done?: string
  readonly after?: (answer: Answer, input: Input) => unknown
}) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: options.change,
    async onSuccess(answer, input) {
      const { invalidates = [] } = options
      if (options.done !== undefined) toast.success(options.done)
      await options.after?.(answer, input)
      await queries.invalidateQueries({
        predicate: ({ queryKey }) => invalidates.includes(String(queryKey[0])),
      })
    },
  })
}

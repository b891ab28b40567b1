/** Starts the page: texts first, then the router. */

import './styles.css'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Toaster } from 'sonner'
import { Refusal } from './api/refusal.ts'
import { createConsoleRouter } from './router.tsx'
import { leave, type Ways } from './state/leave.ts'
import { loadTexts } from './texts/index.ts'
import { HintProvider } from './ui/hint.tsx'

/** A refusal stays one; a lost connection may come back. */
function shouldRetry(failures: number, error: Error): boolean {
  if (!(error instanceof Refusal)) return false
  return failures < 2 && (error.status === 0 || error.status === 503)
}

await loadTexts()

const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError(error) {
      if (error instanceof Refusal && error.status === 401) void leave(ways, queries)
    },
  }),
  defaultOptions: { queries: { retry: shouldRetry, staleTime: 5000 } },
})
const router = createConsoleRouter(queries)
const ways: Ways = {
  get state() {
    return router.state
  },
  navigate: (to) => router.navigate(to),
}

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <HintProvider delayDuration={250}>
        <RouterProvider router={router} />
        <Toaster theme="system" position="bottom-right" />
      </HintProvider>
    </QueryClientProvider>
  </StrictMode>,
)

/** Work on other threads: calls to a worker, their answers, and its priority. */

export * from './answer-calls.ts'
export * from './thread.ts'
export * from './yield-to-others.ts'

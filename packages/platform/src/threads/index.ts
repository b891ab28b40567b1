/**
 * Work on other threads and in other processes: calls, their answers, and a thread's priority.
 */

export { answerCalls, type Implementation, Moving } from './answer-calls.ts'
export type { AnyCalls } from './call-port.ts'
export type { CallErrors, Caller, CallOptions } from './caller.ts'
export { answerCallsOf, channelCaller } from './channel-calls.ts'
export { type ThreadOptions, threadCaller } from './thread.ts'
export { yieldToOthers } from './yield-to-others.ts'

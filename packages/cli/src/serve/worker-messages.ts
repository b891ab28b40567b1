/** What the supervisor and a worker say to each other, besides handing over connections. */

import type { MetricValues } from '@modulariot/platform/metrics'
import type { CliErrorCode, Faults } from '../errors/cli-error.ts'
import type { ConfigWithKeys } from '../installation/given-keys.ts'
import type { Running } from './start-servers.ts'

/** The channel of these messages. Other parts of the server open others. */
export const CONTROL = 'control'

/** Of a worker: the pipe of its link, after Node's own channel. */
export const LINK_DESCRIPTOR = 4

/** Sent with each connection over Node's channel: its number, from 1. */
export type ConnectionNumber = number

export interface StartOrder {
  readonly config: ConfigWithKeys
  readonly index: number
  readonly count: number
  /** Whether the server starts, and this worker is its first: it makes what is missing. */
  readonly isFirst: boolean
}

/** Whether all end, or another worker takes over. */
export type Departure = 'stopping' | 'leaving'

export type ToWorker =
  | { readonly kind: 'start'; readonly order: StartOrder }
  /** How many workers there are, and should be. */
  | { readonly kind: 'workers'; readonly ready: number; readonly wanted: number }
  /** Every answer is the last of its connection. */
  | { readonly kind: 'drain'; readonly departure: Departure }
  /** No connection will follow: answer those that are open, and end. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'read_metrics'; readonly id: number }
  /** Answered in the same turn. */
  | { readonly kind: 'beat'; readonly beat: number }

export type Started = Pick<Running, 'quickstart' | 'isEmpty' | 'setupCode' | 'caFile'>

export interface StartFault {
  readonly code: CliErrorCode
  readonly lines: readonly string[]
  readonly errors: Faults | null
}

export type FromWorker =
  | { readonly kind: 'ready'; readonly started: Started }
  | { readonly kind: 'failed'; readonly fault: StartFault }
  /** The newest connection that was taken, and how many are open. */
  | { readonly kind: 'connections'; readonly taken: ConnectionNumber; readonly open: number }
  /** @see ToWorker `beat` */
  | { readonly kind: 'beat'; readonly beat: number }
  /** It has stopped in order, and exits now. */
  | { readonly kind: 'stopped' }
  /** @see ToWorker `read_metrics`; null: the last ones. */
  | {
      readonly kind: 'metrics'
      readonly id: number | null
      readonly values: readonly MetricValues[]
    }

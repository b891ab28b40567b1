/** What the measurements of single reports share. */

import { ASSETS, type Kind, reports, trackRequest } from '../telemetry/reports.ts'
import type { Field, Work } from '../telemetry/servers.ts'

const PATH = '/v1/asset/track'

export interface Setting {
  readonly field: Field
  /** Of a large fleet. */
  readonly assets: number
  /** The resources to close, the last first. */
  readonly opened: AsyncDisposableStack
}

export interface Turns {
  readonly rounds: number
  readonly seconds: number
}

/** Single reports, with the tokens in turn. */
export function singly(bodies: readonly unknown[], tokens: readonly string[]): string[] {
  return bodies.map((body, index) =>
    trackRequest(PATH, tokens[index % tokens.length] as string, body),
  )
}

/** One asset after another. */
export function smallFleet(kind: Kind): Work {
  const bodies = reports(kind, 10 * ASSETS)
  return { requests: (tokens) => singly(bodies, tokens) }
}

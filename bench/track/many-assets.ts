/**
 * Reports of a large fleet in random order, each of another asset than the one before; beside
 * reports of a small fleet to the same server.
 */

import { type Line, linesOf, type Sample } from '../support/report.ts'
import { print } from '../support/results.ts'
import { shuffled } from '../support/shuffled.ts'
import { ASSETS, KINDS, type Kind, trackRequest } from '../telemetry/reports.ts'
import { type Contender, type Field, turn, type Work } from '../telemetry/servers.ts'
import { type Setting, singly, smallFleet, type Turns } from './setting.ts'

const BATCH_PATH = '/v1/asset/track/batch'
const BATCH_ITEMS = 500
/** Sent to the generator together. */
const BATCHES = 20
/** More than a server answers. */
const REPORTS_A_SECOND = 10_000

export async function startManyAssets({ field, assets }: Setting) {
  for (const contender of field.ours) await fill(field, contender, assets)
  // Of the next reports, in steps of the simulation; all assets have reported at 0.
  let step = 0
  return async (kind: Kind, { rounds, seconds }: Turns): Promise<Line[]> => {
    const lines: Line[] = []
    for (const contender of field.ours) {
      const limit: Sample[] = []
      const us: Sample[] = []
      // The first does not count; code is compiled after it.
      for (let round = -1; round < rounds; round++) {
        step++
        const few = await turn(field, contender, smallFleet(kind), seconds)
        const work = largeFleet(kind, assets, step, seconds)
        const many = await turn(field, contender, work, seconds)
        if (round < 0) continue
        limit.push(few.sample)
        us.push(many.sample)
      }
      const row = `${kind}, ${contender.store}, limit: ${ASSETS} assets`
      lines.push(...linesOf(row, { limit, ours: { [`${assets} assets`]: us } }))
    }
    return lines
  }
}

function largeFleet(kind: Kind, assets: number, step: number, seconds: number): Work {
  const order = shuffled(Array.from({ length: assets }, (_, asset) => asset))
  const bodies = order
    .slice(0, Math.ceil(REPORTS_A_SECOND * seconds))
    .map((asset) => reportOf(kind, asset, step))
  return { requests: (tokens) => singly(bodies, tokens) }
}

/** Where the assets of the small fleet are, since places of others would leave the Earth. */
function reportOf(kind: Kind, asset: number, step: number) {
  return { ...KINDS[kind](asset % ASSETS, step), asset_id: `FLEET-${asset}` }
}

/** One report of each. */
async function fill({ generator }: Field, contender: Contender, assets: number): Promise<void> {
  const started = performance.now()
  const { port, tokens } = contender
  const perCall = BATCHES * BATCH_ITEMS
  for (let first = 0; first < assets; first += perCall) {
    const requests: string[] = []
    for (let from = first; from < Math.min(first + perCall, assets); from += BATCH_ITEMS) {
      const count = Math.min(BATCH_ITEMS, assets - from)
      const body = Array.from({ length: count }, (_, index) =>
        reportOf('position', from + index, 0),
      )
      requests.push(trackRequest(BATCH_PATH, tokens[0] as string, body))
    }
    const load = { port, requests, once: true, connections: 4, status: 200 }
    await generator.send({ ...load, seconds: 600, requestsPerAddress: null })
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  print(`${contender.store}: ${assets} assets after ${seconds} s`)
}

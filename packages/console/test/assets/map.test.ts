/** The map's geometry, and how places that would cover each other become one. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clustersOf, levelOf, type Place, radiusOf } from '../../src/pages/assets/map/clusters.ts'
import { largestOf } from '../../src/pages/assets/map/largest.ts'
import {
  degreesOf,
  fitted,
  fromScreen,
  gridStep,
  MAX_WIDTH,
  panned,
  pointOf,
  scaleOf,
  toScreen,
  zoomed,
} from '../../src/pages/assets/map/view.ts'

const SIZE = { width: 800, height: 500 }
const SANTIAGO = pointOf(-33.449, -70.669)
const CONCEPCION = pointOf(-36.827, -73.05)

const near = (actual: number, expected: number, within: number): void =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`)

describe('the view', () => {
  it('turns degrees into points and back, the poles at the edge', () => {
    assert.deepEqual(pointOf(0, 0), { x: 0.5, y: 0.5 })
    const { latitude, longitude } = degreesOf(SANTIAGO)
    near(latitude, -33.449, 1e-9)
    near(longitude, -70.669, 1e-9)
    near(pointOf(90, 0).y, 0, 0.001)
    near(pointOf(-90, 0).y, 1, 0.001)
  })

  it('turns points into pixels and back', () => {
    const view = { ...SANTIAGO, width: 5000 }
    assert.deepEqual(toScreen(SANTIAGO, view, SIZE), { x: 400, y: 250 })
    const back = fromScreen(toScreen(CONCEPCION, view, SIZE), view, SIZE)
    near(back.x, CONCEPCION.x, 1e-12)
    near(back.y, CONCEPCION.y, 1e-12)
  })

  it('keeps the pixel under the pointer where it is when it zooms', () => {
    const view = { ...SANTIAGO, width: 20_000 }
    const at = { x: 130, y: 420 }
    const before = fromScreen(at, view, SIZE)
    const after = fromScreen(at, zoomed(view, 3, at, SIZE), SIZE)
    near(after.x, before.x, 1e-12)
    near(after.y, before.y, 1e-12)
  })

  it('never leaves the earth, and ends at one metre a pixel', () => {
    const whole = fitted([], SIZE)
    assert.ok(whole.width >= SIZE.width)
    const { x, width } = panned(whole, -1e6, 0, SIZE)
    assert.ok(x + SIZE.width / 2 / width <= 1 + 1e-9)
    assert.equal(zoomed(whole, 1e9, { x: 0, y: 0 }, SIZE).width, MAX_WIDTH)
  })

  it('fits all points with room around them, and a single one with its surroundings', () => {
    const view = fitted([SANTIAGO, CONCEPCION], SIZE)
    for (const point of [SANTIAGO, CONCEPCION]) {
      const { x, y } = toScreen(point, view, SIZE)
      assert.ok(x >= 40 && x <= 760 && y >= 40 && y <= 460, `${x}, ${y}`)
    }
    const single = fitted([SANTIAGO], SIZE)
    assert.deepEqual(toScreen(SANTIAGO, single, SIZE), { x: 400, y: 250 })
    assert.ok(single.width < MAX_WIDTH)
  })

  it('has a round scale, shorter lengths away from the equator', () => {
    const width = 40_075_017 / 1000
    assert.deepEqual(scaleOf({ x: 0.5, y: 0.5, width }), { metres: 100_000, pixels: 100 })
    const far = scaleOf({ ...pointOf(60, 0), width })
    assert.equal(far.metres, 50_000)
    near(far.pixels, 100, 0.01)
  })

  it('draws a grid whose lines are apart', () => {
    assert.equal(gridStep({ x: 0.5, y: 0.5, width: 800 }), 30)
    assert.equal(gridStep({ x: 0.5, y: 0.5, width: 40_000 }), 1)
    assert.equal(gridStep({ x: 0.5, y: 0.5, width: MAX_WIDTH }), 0.002)
  })
})

describe('clusters', () => {
  const place = (id: number, x: number, y: number): Place => ({
    ...{ id: String(id), x, y },
    ...{ age: 'now', heading: null },
  })

  it('leaves places apart that do not cover each other', () => {
    const level = levelOf(4096)
    const places = [place(1, 0.5, 0.5), place(2, 0.5 + 40 / 4096, 0.5), place(3, 0.2, 0.9)]
    assert.equal(clustersOf(places, level).length, 3)
  })

  it('joins places that do, at the first of them, and parts them again closer up', () => {
    const places = [place(1, 0.5, 0.5), place(2, 0.5 + 5 / 4096, 0.5)]
    const [cluster, ...others] = clustersOf(places, levelOf(4096))
    assert.deepEqual(others, [])
    assert.equal(cluster?.x, 0.5)
    assert.deepEqual(
      cluster?.places.map(({ id }) => id),
      ['1', '2'],
    )
    assert.equal(clustersOf(places, levelOf(4096 * 8)).length, 2)
  })

  it('joins what lies on both sides of a cell', () => {
    const places = [place(1, 0.5 - 1e-9, 0.5), place(2, 0.5 + 1e-9, 0.5)]
    assert.equal(clustersOf(places, 12).length, 1)
  })

  it('loses none of ten thousand, quickly, and none covers another', () => {
    const places = Array.from({ length: 10_000 }, (_, index) =>
      place(
        index,
        0.3 + 0.1 * Math.abs(Math.sin(index * 12.9)),
        0.6 + 0.05 * Math.sin(index * 7.7),
      ),
    )
    const level = 13
    const started = performance.now()
    const clusters = clustersOf(places, level)
    assert.ok(performance.now() - started < 1000)
    assert.equal(
      clusters.reduce((sum, cluster) => sum + cluster.places.length, 0),
      10_000,
    )
    for (const [index, one] of clusters.entries()) {
      for (const other of clusters.slice(index + 1)) {
        const distance = Math.hypot(one.x - other.x, one.y - other.y) * 2 ** level
        // One that has grown by joining may touch its neighbour.
        assert.ok(distance > Math.max(radiusOf(one), radiusOf(other)), String(distance))
      }
    }
  })

  it('has none without places', () => assert.deepEqual(clustersOf([], 10), []))
})

describe('the largest part of a country', () => {
  it('is found with one measurement of each part', () => {
    const measured: string[] = []
    const largest = largestOf(['isle', 'mainland', 'rock'], (part) => {
      measured.push(part)
      return part.length
    })
    assert.equal(largest, 'mainland')
    assert.deepEqual(measured, ['isle', 'mainland', 'rock'])
  })

  it('is the only part of a country without islands', () => {
    assert.equal(
      largestOf(['mainland'], () => 0),
      'mainland',
    )
  })
})

/** How the operator's map is drawn, by what is in its archive. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { validateStyleMin } from '@maplibre/maplibre-gl-style-spec'
import { type Archive, styleOf } from '../../src/pages/assets/map/base-style.ts'

const COLOURS = {
  ...{ sea: '#dfe7ef', land: '#fbfaf7', coast: '#b4c0cd', border: '#c9ced6', grid: '#5a63721c' },
  ...{ gridText: '#5a6372', country: '#7a8494', text: '#15181e', halo: '#ffffffe6' },
  ...{ accent: '#3451d1', accentSoft: '#3451d126', line: '#e3e6eb', muted: '#5a6372' },
  ages: { now: '#0f8a4c', hour: '#3451d1', day: '#b86400', silent: '#7a8494' },
}
const URL = 'pmtiles://https://miot.example/console/map.pmtiles'
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  Protomaps: ['boundaries', 'buildings', 'earth', 'landuse', 'places', 'pois', 'roads', 'water'],
  OpenMapTiles: ['water', 'waterway', 'transportation', 'place'],
  nothing: [],
}

const archive = (tileType: number, names: readonly string[]): Archive => ({
  ...{ url: URL, tileType },
  layers: names.map((id) => ({ id, fields: id === 'place' ? { name: 'String' } : {} })),
})

describe('the style of an archive', () => {
  for (const [schema, names] of Object.entries(LAYERS)) {
    for (const isDark of [false, true]) {
      it(`of ${schema}, ${isDark ? 'dark' : 'light'}, is one that needs no other file`, () => {
        const look = { colours: COLOURS, isDark, language: 'es' }
        const style = styleOf(archive(1, names), look)
        assert.deepEqual(validateStyleMin(style), [])
        assert.deepEqual([style.glyphs, style.sprite], [undefined, undefined])
        assert.doesNotMatch(JSON.stringify(style), /icon-image/)
        const drawn = style.layers.flatMap((layer) => ('source-layer' in layer ? [layer] : []))
        assert.equal(drawn.length > 0, names.length > 0)
        for (const layer of drawn) assert.ok(names.includes(String(layer['source-layer'])))
      })
    }
  }

  it('of images shows them', () => {
    const style = styleOf(archive(2, []), { colours: COLOURS, isDark: false, language: 'en' })
    assert.deepEqual(validateStyleMin(style), [])
    assert.deepEqual(
      style.layers.map(({ type }) => type),
      ['background', 'raster'],
    )
  })
})

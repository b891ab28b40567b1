import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { GENERATED, generatedPath } from './generate-docs.ts'

describe('generated files match their source:', () => {
  for (const [name, content] of Object.entries(GENERATED)) {
    it(name, () => {
      const written = readFileSync(generatedPath(name), 'utf8')
      assert.equal(written, content(), 'run: node scripts/generate-docs.ts')
    })
  }
})

describe('the Postman collection', () => {
  interface Item {
    readonly name: string
    readonly request: { readonly url: { readonly raw: string }; readonly body?: { raw: string } }
  }
  const text = GENERATED['docs/modulariot-api.postman_collection.json']?.() ?? ''
  const { item } = JSON.parse(text) as { item: Item[] }

  it('has a request for the token and one for each operation, each under a name of its own', () => {
    assert.equal(item[0]?.name, 'Get a token')
    assert.equal(new Set(item.map(({ name }) => name)).size, item.length)
    for (const path of ['asset/track', 'asset/track/batch', 'assets', 'assets/:asset_id/metrics']) {
      assert.ok(
        item.some(({ request }) => request.url.raw === `{{baseUrl}}/v1/${path}`),
        path,
      )
    }
  })

  it('uses only variables that it defines, or that Postman generates', () => {
    const { variable } = JSON.parse(text) as { variable: { key: string }[] }
    const known = variable.map(({ key }) => key)
    const used = [...text.matchAll(/\{\{([^}]+)\}\}/g)].map((match) => match[1] as string)
    for (const name of used) assert.ok(name.startsWith('$') || known.includes(name), name)
  })

  it('sends bodies that are JSON', () => {
    const bodies = item.flatMap(({ request }) => request.body?.raw ?? [])
    assert.ok(bodies.length >= 9)
    for (const body of bodies) JSON.parse(body)
  })
})

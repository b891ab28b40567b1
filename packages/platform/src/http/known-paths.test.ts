import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KnownPaths } from './known-paths.ts'

describe('KnownPaths', () => {
  const paths = new KnownPaths()
  paths.add('/things', ['GET'])
  paths.add('/things', ['POST', 'GET'])
  paths.add('/things/:id/parts.json', ['PUT'])

  it('names the methods of a path once each, whatever the query', () => {
    assert.equal(paths.allow('/things'), 'GET, POST')
    assert.equal(paths.allow('/things?a=/x'), 'GET, POST')
  })

  it('takes a wildcard as the rest of the path', () => {
    const files = new KnownPaths()
    files.add('/files/*', ['GET'])
    assert.equal(files.allow('/files/a/b.js?c'), 'GET')
    assert.equal(files.allow('/files/'), 'GET')
    assert.equal(files.allow('/files'), null)
  })

  it('takes a parameter as one segment, and other characters as they are', () => {
    assert.equal(paths.allow('/things/a%2Fb/parts.json'), 'PUT')
    for (const url of [
      '/things/',
      '/things/a/b/parts.json',
      '/things//parts.json',
      '/things/a/partsXjson',
      '/',
      '*',
      '',
    ]) {
      assert.equal(paths.allow(url), null, url)
    }
  })
})

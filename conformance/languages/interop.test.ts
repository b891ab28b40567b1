/**
 * Keeps the table of docs/interop.md complete. It runs none of the libraries: `npm run conformance
 * -- languages` does.
 */

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { LIBRARY_TESTS } from './clients.ts'
import { readPage, tableIn, tableOf } from './table.ts'

it('the table has a result for each library, in the version that is pinned', () => {
  const page = readPage()
  assert.equal(tableIn(page), tableOf(LIBRARY_TESTS, new Map(), page))
  assert.doesNotMatch(tableIn(page), /not run/)
})

it('no two tests have the same name', () => {
  const names = LIBRARY_TESTS.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { csvLine } from './csv-line.ts'

it('CSV quotes what needs it, and lets no text run as a formula', () => {
  assert.equal(csvLine(['a', 1.5, -2, true, null]), 'a,1.5,-2,true,\r\n')
  assert.equal(csvLine(['a,b', 'say "x"', 'two\nlines']), '"a,b","say ""x""","two\nlines"\r\n')
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1']) {
    assert.equal(csvLine([text]), `'${text}\r\n`)
  }
  assert.equal(csvLine(['=A1,"x"']), `"'=A1,""x"""\r\n`)
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type ApiRefusal, refusalError } from './api-refusal.ts'

it('a refusal whose members are no texts keeps its code, and every member is shown', () => {
  const odd = '{"message":{"toString":1},"detail":[{}],"errors":{"__proto__":{"toString":1},"a":7}}'
  const error = refusalError('auth', JSON.parse(odd) as ApiRefusal, '401 ')
  assert.equal(error.code, 'auth')
  assert.deepEqual(error.lines, ['401 {"toString":1}: [{}]', '  __proto__ {"toString":1}', '  a 7'])
})

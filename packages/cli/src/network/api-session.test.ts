import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { answerOf } from './api-session.ts'

function refusalLines(members: object): Promise<readonly string[]> {
  const response = new Response(JSON.stringify(members), { status: 400 })
  return answerOf(response).then(
    () => assert.fail('no refusal'),
    ({ lines }) => lines,
  )
}

describe('a refusal of the API', () => {
  it('is printed with one line per fault', async () => {
    const lines = await refusalLines({ message: 'No', errors: { gps: 'is missing' } })
    assert.deepEqual(lines, ['400 No', '  gps is missing'])
  })

  it('that is longer than the API sends is not printed', async () => {
    const lines = await refusalLines({ message: 'No', detail: 'a'.repeat(64 * 1024) })
    assert.deepEqual(lines, ['400 The API did not answer as documented'])
  })

  it('with a string in place of faults is printed without faults', async () => {
    assert.deepEqual(await refusalLines({ message: 'No', errors: 'abc' }), ['400 No'])
  })
})

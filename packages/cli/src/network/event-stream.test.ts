import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readEvents, type ServerEvent } from './event-stream.ts'

async function eventsOf(chunks: readonly Uint8Array[]): Promise<ServerEvent[]> {
  async function* body(): AsyncGenerator<Uint8Array> {
    yield* chunks
  }
  return Array.fromAsync(readEvents(body()))
}

const TEXT = `retry: 3000
id: 6

event: observation
id: 7
data: {"a":"ñ",
data:"b":1}

: quiet

data
event: end

event: cut off
data: {`

describe('server-sent events', () => {
  const expected = [
    { event: 'position', id: '6', data: '' },
    { event: 'observation', id: '7', data: '{"a":"ñ",\n"b":1}' },
    { event: 'end', id: undefined, data: '' },
  ]

  it('are parsed however the chunks are cut, even within a character', async () => {
    const bytes = new TextEncoder().encode(TEXT)
    for (const size of [1, 2, 7, bytes.length]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
      assert.deepEqual(await eventsOf(chunks), expected, `chunks of ${size}`)
    }
  })

  it('have a bounded length', async () => {
    const chunk = new Uint8Array(1024 ** 2).fill(97)
    await assert.rejects(eventsOf(Array(6).fill(chunk)), /does not end/)
    const lines = new TextEncoder().encode('data: aaaaaaaa\n'.repeat(70_000))
    await assert.rejects(eventsOf(Array(6).fill(lines)), /does not end/)
  })

  it('may be preceded by any number of comments', async () => {
    const comments = new TextEncoder().encode(': quiet\n'.repeat(100_000))
    const event = new TextEncoder().encode('data: a\n\n')
    const events = await eventsOf([...Array(8).fill(comments), event])
    assert.deepEqual(events, [{ event: 'message', id: undefined, data: 'a' }])
  })
})

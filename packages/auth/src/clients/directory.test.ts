import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClientRecord } from '../records/client.ts'
import { sampleRecord } from '../testing/sample-client.ts'
import { ClientDirectory } from './directory.ts'

const recordOf = (name: string): ClientRecord => sampleRecord({ name })

/** A store that answers with `next`; the second read of each lookup, of the decoy, gets null. */
function storeOf(next: () => Promise<ClientRecord | null>) {
  const asked: string[] = []
  const findClient = (client_id: string): Promise<ClientRecord | null> => {
    asked.push(client_id)
    return client_id === 'client_' ? Promise.resolve(null) : next()
  }
  return { asked, findClient, silentForMs: () => 0 }
}

describe('ClientDirectory', () => {
  it('knows no clients before it has read any', () => {
    const store = storeOf(async () => recordOf('a'))
    assert.equal(new ClientDirectory(store).peek('client_1'), null)
    assert.deepEqual(store.asked, [])
  })

  it('caches what it has read, and reads again on request', async () => {
    let name = 'before'
    const store = storeOf(async () => recordOf(name))
    const directory = new ClientDirectory(store)
    assert.equal((await directory.read('client_1'))?.name, 'before')
    name = 'after'
    assert.equal(directory.peek('client_1')?.name, 'before')
    assert.equal((await directory.read('client_1'))?.name, 'after')
    assert.equal(directory.peek('client_1')?.name, 'after')
    assert.deepEqual(store.asked, ['client_1', 'client_', 'client_1', 'client_'])
  })

  it('caches nothing for an unknown id, and drops a client that is gone', async () => {
    let found: ClientRecord | null = recordOf('a')
    const directory = new ClientDirectory(storeOf(async () => found))
    await directory.read('client_1')
    found = null
    assert.equal(await directory.read('client_1'), null)
    assert.equal(directory.peek('client_1'), null)
  })

  it('reads an unknown id along with each known one, and the other way round', async () => {
    const known = recordOf('a')
    const asked: string[] = []
    const directory = new ClientDirectory({
      findClient: async (client_id) => {
        asked.push(client_id)
        return client_id === 'client_1' ? known : null
      },
      silentForMs: () => 0,
    })
    await directory.read('client_1')
    await directory.read('client_unknown')
    assert.deepEqual(asked, ['client_1', 'client_', 'client_unknown', 'client_1'])
    assert.equal(directory.peek('client_unknown'), null)
  })

  it('knows no clients after forget()', async () => {
    const directory = new ClientDirectory(storeOf(async () => recordOf('a')))
    await directory.read('client_1')
    directory.forget('all')
    assert.equal(directory.peek('client_1'), null)
  })

  it('drops the clients that were changed, and no others', async () => {
    const directory = new ClientDirectory(storeOf(async () => recordOf('a')))
    await directory.read('client_1')
    await directory.read('client_2')
    directory.forget(['client_1', 'client_3'])
    assert.equal(directory.peek('client_1'), null)
    assert.equal(directory.peek('client_2')?.name, 'a')
  })

  it('is trusted for an hour while the store is unreachable, and again when it is back', async () => {
    let silentMs = 0
    const store = { ...storeOf(async () => recordOf('a')), silentForMs: () => silentMs }
    const directory = new ClientDirectory(store)
    await directory.read('client_1')
    silentMs = 3_600_000
    assert.equal(directory.peek('client_1')?.name, 'a')
    silentMs++
    assert.equal(directory.peek('client_1'), null)
    silentMs = 0
    assert.equal(directory.peek('client_1')?.name, 'a')
  })

  it('returns but does not cache a read that began before forget()', async () => {
    const answer = Promise.withResolvers<ClientRecord>()
    const directory = new ClientDirectory(storeOf(() => answer.promise))
    const reading = directory.read('client_1')
    directory.forget('all')
    answer.resolve(recordOf('old'))
    assert.equal((await reading)?.name, 'old')
    assert.equal(directory.peek('client_1'), null)
  })

  it('does not let a read that began before forget() replace a newer one', async () => {
    const answers = [Promise.withResolvers<ClientRecord>(), Promise.withResolvers<ClientRecord>()]
    let next = 0
    const store = storeOf(() => answers[next++]?.promise ?? assert.fail('asked too often'))
    const directory = new ClientDirectory(store)
    const older = directory.read('client_1')
    directory.forget('all')
    const newer = directory.read('client_1')
    answers[1]?.resolve(recordOf('new'))
    await newer
    answers[0]?.resolve(recordOf('old'))
    await older
    assert.equal(directory.peek('client_1')?.name, 'new')
  })

  it('reports for every lookup whether it was a hit', async () => {
    const looks: string[] = []
    const store = storeOf(async () => recordOf('a'))
    const directory = new ClientDirectory(store, (outcome) => looks.push(outcome))
    directory.peek('client_1')
    await directory.read('client_1')
    directory.peek('client_1')
    assert.deepEqual(looks, ['miss', 'hit'])
  })

  it('passes store errors on, and keeps its clients', async () => {
    let fails = false
    const fault = new Error('no store')
    const store = storeOf(async () => {
      if (fails) throw fault
      return recordOf('a')
    })
    const directory = new ClientDirectory(store)
    await directory.read('client_1')
    fails = true
    await assert.rejects(directory.read('client_1'), fault)
    assert.equal(directory.peek('client_1')?.name, 'a')
  })
})

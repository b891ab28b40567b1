import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClientRecord } from './client.ts'
import { ClientDirectory } from './directory.ts'

const recordOf = (name: string): ClientRecord => ({
  client_id: 'client_1',
  name,
  org_id: 'org_1',
  environment: 'production',
  status: 'active',
  token_lifetime_seconds: null,
  created_at: '2026-01-02T03:04:05.000Z',
  secrets: [],
  grants: [],
})

/** A store whose next answer is what `next` holds. */
function storeOf(next: () => Promise<ClientRecord | null>) {
  const asked: string[] = []
  const findClient = (client_id: string): Promise<ClientRecord | null> => {
    asked.push(client_id)
    return next()
  }
  return { asked, findClient }
}

describe('ClientDirectory', () => {
  it('knows nobody before it has read', () => {
    const store = storeOf(async () => recordOf('a'))
    assert.equal(new ClientDirectory(store).peek('client_1'), null)
    assert.deepEqual(store.asked, [])
  })

  it('keeps what it has read, and reads anew when asked to', async () => {
    let name = 'before'
    const store = storeOf(async () => recordOf(name))
    const directory = new ClientDirectory(store)
    assert.equal((await directory.read('client_1'))?.name, 'before')
    name = 'after'
    assert.equal(directory.peek('client_1')?.name, 'before')
    assert.equal((await directory.read('client_1'))?.name, 'after')
    assert.equal(directory.peek('client_1')?.name, 'after')
    assert.deepEqual(store.asked, ['client_1', 'client_1'])
  })

  it('keeps nothing about an id that nobody has, and forgets one that is gone', async () => {
    let found: ClientRecord | null = recordOf('a')
    const directory = new ClientDirectory(storeOf(async () => found))
    await directory.read('client_1')
    found = null
    assert.equal(await directory.read('client_1'), null)
    assert.equal(directory.peek('client_1'), null)
  })

  it('knows nobody after clear()', async () => {
    const directory = new ClientDirectory(storeOf(async () => recordOf('a')))
    await directory.read('client_1')
    directory.clear()
    assert.equal(directory.peek('client_1'), null)
  })

  it('hands on but does not keep a read that began before clear()', async () => {
    const answer = Promise.withResolvers<ClientRecord>()
    const directory = new ClientDirectory(storeOf(() => answer.promise))
    const reading = directory.read('client_1')
    directory.clear()
    answer.resolve(recordOf('old'))
    assert.equal((await reading)?.name, 'old')
    assert.equal(directory.peek('client_1'), null)
  })

  it('does not let a read that began before clear() replace a newer one', async () => {
    const answers = [Promise.withResolvers<ClientRecord>(), Promise.withResolvers<ClientRecord>()]
    let next = 0
    const store = storeOf(() => answers[next++]?.promise ?? assert.fail('asked too often'))
    const directory = new ClientDirectory(store)
    const older = directory.read('client_1')
    directory.clear()
    const newer = directory.read('client_1')
    answers[1]?.resolve(recordOf('new'))
    await newer
    answers[0]?.resolve(recordOf('old'))
    await older
    assert.equal(directory.peek('client_1')?.name, 'new')
  })

  it('passes on that the store cannot answer, and still knows whom it knew', async () => {
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

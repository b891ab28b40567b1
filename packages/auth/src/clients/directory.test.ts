import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ClientRecord } from '../records/client.ts'
import { fleetLookup } from '../testing/fleet-lookup.ts'
import { sampleRecord } from '../testing/sample-client.ts'
import { ClientDirectory } from './directory.ts'

/** @param state something by which records differ. */
const recordOf = (state: number, client_id = 'client_1'): ClientRecord =>
  sampleRecord({ client_id, tokens_revoked_until: state })

const stateOf = (client: Pick<ClientRecord, 'tokens_revoked_until'> | null) =>
  client?.tokens_revoked_until

/** A store with these clients. */
function storeOf(...records: ClientRecord[]) {
  const clients = new Map(records.map((record) => [record.client_id, record]))
  return { ...fleetLookup(async (client_id) => clients.get(client_id) ?? null), clients }
}

/** A store whose statements wait for their answers, which are records of `client_1`. */
function slowStore() {
  const answers: PromiseWithResolvers<ClientRecord>[] = []
  const store = {
    silentForMs: () => 0,
    readClients: async () => {
      answers.push(Promise.withResolvers())
      return [await (answers.at(-1) as PromiseWithResolvers<ClientRecord>).promise]
    },
  }
  const begun = async (count: number) => {
    while (answers.length < count) await new Promise(setImmediate)
  }
  return { store, answers, begun }
}

describe('ClientDirectory', () => {
  it('knows no clients before it has read any', () => {
    const store = storeOf(recordOf(1))
    assert.equal(new ClientDirectory(store).peek('client_1'), null)
    assert.deepEqual(store.statements, [])
  })

  it('keeps what it has read, and reads again on request', async () => {
    const store = storeOf(recordOf(1))
    const directory = new ClientDirectory(store)
    assert.equal(stateOf(await directory.read('client_1')), 1)
    store.clients.set('client_1', recordOf(2))
    assert.equal(stateOf(directory.peek('client_1')), 1)
    assert.equal(stateOf(await directory.read('client_1')), 2)
    assert.equal(stateOf(directory.peek('client_1')), 2)
    assert.deepEqual(store.statements, [['client_1'], ['client_1']])
  })

  it('reads what is requested in one turn by one statement', async () => {
    const store = storeOf(recordOf(1, 'client_1'), recordOf(2, 'client_2'))
    const directory = new ClientDirectory(store)
    const ids = ['client_2', 'client_none', 'client_1', 'client_2']
    const read = await Promise.all(ids.map((client_id) => directory.read(client_id)))
    assert.deepEqual(read.map(stateOf), [2, undefined, 1, 2])
    assert.deepEqual(store.statements, [ids])
    assert.equal(directory.size, 2)
  })

  it('keeps nothing for an unknown id, and drops a client that is gone', async () => {
    const store = storeOf(recordOf(1))
    const directory = new ClientDirectory(store)
    await directory.read('client_1')
    store.clients.clear()
    assert.equal(await directory.read('client_1'), null)
    assert.equal(directory.peek('client_1'), null)
    assert.equal(await directory.read('client_unknown'), null)
    assert.equal(directory.size, 0)
  })

  it('has another client read in place of an unknown one, and never takes it for that', async () => {
    const decoys: string[] = []
    const { readClients, ...store } = storeOf(recordOf(1), recordOf(2, 'client_2'))
    const directory = new ClientDirectory({
      ...store,
      readClients: (client_ids, decoy) => {
        decoys.push(decoy)
        return readClients(client_ids, decoy)
      },
    })
    for (const client_id of ['client_unknown', 'client_1', 'client_unknown', 'client_2']) {
      const found = await directory.read(client_id)
      assert.equal(found?.client_id ?? 'client_unknown', client_id)
    }
    await directory.read('client_unknown')
    assert.deepEqual(decoys, ['client_', 'client_', 'client_1', 'client_1', 'client_2'])
    assert.equal(directory.peek('client_unknown'), null)
    assert.equal(stateOf(directory.peek('client_2')), 2)
  })

  it('knows no clients after forget()', async () => {
    const directory = new ClientDirectory(storeOf(recordOf(1)))
    await directory.read('client_1')
    directory.forget('all')
    assert.equal(directory.peek('client_1'), null)
  })

  it('drops the clients that were changed, and no others', async () => {
    const directory = new ClientDirectory(storeOf(recordOf(1), recordOf(2, 'client_2')))
    await directory.read('client_1')
    await directory.read('client_2')
    directory.forget(['client_1', 'client_3'])
    assert.equal(directory.peek('client_1'), null)
    assert.equal(stateOf(directory.peek('client_2')), 2)
  })

  it('is trusted for an hour while the store is unreachable, and again when it is back', async () => {
    let silentMs = 0
    const store = { ...storeOf(recordOf(1)), silentForMs: () => silentMs }
    const directory = new ClientDirectory(store)
    await directory.read('client_1')
    silentMs = 3_600_000
    assert.equal(stateOf(directory.peek('client_1')), 1)
    silentMs++
    assert.equal(directory.peek('client_1'), null)
    silentMs = 0
    assert.equal(stateOf(directory.peek('client_1')), 1)
  })

  it('returns but does not keep a read that began before forget()', async () => {
    const { store, answers, begun } = slowStore()
    const directory = new ClientDirectory(store)
    const reading = directory.read('client_1')
    await begun(1)
    directory.forget('all')
    answers[0]?.resolve(recordOf(1))
    assert.equal(stateOf(await reading), 1)
    assert.equal(directory.peek('client_1'), null)
  })

  it('does not let a read that began before forget() replace a newer one', async () => {
    const { store, answers, begun } = slowStore()
    const directory = new ClientDirectory(store)
    const older = directory.read('client_1')
    await begun(1)
    directory.forget('all')
    const newer = directory.read('client_1')
    await begun(2)
    answers[1]?.resolve(recordOf(2))
    await newer
    answers[0]?.resolve(recordOf(1))
    await older
    assert.equal(stateOf(directory.peek('client_1')), 2)
  })

  it('begins a statement of its own for what is requested while another runs', async () => {
    const { store, answers, begun } = slowStore()
    const directory = new ClientDirectory(store)
    const older = directory.read('client_1')
    await begun(1)
    const newer = directory.read('client_1')
    await begun(2)
    answers[0]?.resolve(recordOf(1))
    answers[1]?.resolve(recordOf(2))
    assert.deepEqual([stateOf(await older), stateOf(await newer)], [1, 2])
  })

  it('reports for every lookup whether it was a hit', async () => {
    const looks: string[] = []
    const lookedUp = (outcome: string) => looks.push(outcome)
    const directory = new ClientDirectory(storeOf(recordOf(1)), { lookedUp })
    directory.peek('client_1')
    await directory.read('client_1')
    directory.peek('client_1')
    assert.deepEqual(looks, ['miss', 'hit'])
  })

  it('passes store errors on, and keeps its clients', async () => {
    let fails = false
    const fault = new Error('no store')
    const directory = new ClientDirectory(
      fleetLookup(async () => {
        if (fails) throw fault
        return recordOf(1)
      }),
    )
    await directory.read('client_1')
    fails = true
    await assert.rejects(directory.read('client_1'), fault)
    assert.equal(stateOf(directory.peek('client_1')), 1)
  })
})

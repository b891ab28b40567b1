import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { localPeers, noPeers, type Peers } from '@modulariot/platform/peers'
import type { LoginClient } from '../records/client.ts'
import { sampleRecord } from '../testing/sample-client.ts'
import { KnownElsewhere } from './known-elsewhere.ts'

const none = (): null => null
const CLIENT: LoginClient = sampleRecord({ client_id: 'client_1' })

describe('a client that this process does not know', () => {
  it('is found in the memory of another', async () => {
    const [asking, unaware, knowing] = localPeers(3) as [Peers, Peers, Peers]
    const one = new KnownElsewhere(asking, none)
    new KnownElsewhere(unaware, none)
    unaware.listen('known clients', (message) => assert.ok(JSON.stringify(message).length < 100))
    new KnownElsewhere(knowing, (client_id) => (client_id === 'client_1' ? CLIENT : null))
    const found = await Promise.all(
      ['client_1', 'client_2', 'x'.repeat(65)].map((id) => one.find(id)),
    )
    assert.deepEqual(found, [CLIENT, null, null])
  })

  it('is waited for briefly when a process does not answer', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const [asking, , knowing] = localPeers(3) as [Peers, Peers, Peers]
    const one = new KnownElsewhere(asking, none)
    new KnownElsewhere(knowing, () => CLIENT)
    const found = one.find('client_1')
    t.mock.timers.tick(100)
    assert.deepEqual(await found, CLIENT)
  })

  it('is not taken for another by a process that hears what its forerunner asked', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const [asking, other] = localPeers(2) as [Peers, Peers]
    const one = new KnownElsewhere(asking, none)
    const found = one.find('client_2')
    other.tell('known clients', { answers: [[1, CLIENT]] })
    t.mock.timers.tick(100)
    assert.equal(await found, null)
  })

  it('is asked for a bounded number of times at once', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const [asking, other] = localPeers(2) as [Peers, Peers]
    const asked: unknown[] = []
    other.listen('known clients', (message) => {
      asked.push(...(message as { questions: unknown[] }).questions)
    })
    const one = new KnownElsewhere(asking, none)
    const flood = Array.from({ length: 10_000 }, (_, index) => one.find(`client_${index}`))
    t.mock.timers.tick(1)
    t.mock.timers.tick(100)
    await Promise.all(flood)
    assert.equal(asked.length, 500)
  })

  it('is looked for nowhere by a process without others', async () => {
    assert.equal(await new KnownElsewhere(noPeers(), () => CLIENT).find('client_1'), null)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { localPeers } from '@modulariot/platform/peers'
import { PeopleError } from './people-error.ts'
import { accountGuess, messageFrom, PeopleLimits, type Spending } from './people-limits.ts'

const NOW = 1_800_000_000_000

const ofEach = (processes: number) =>
  localPeers(processes).map((peers) => new PeopleLimits({ now: () => NOW, peers }))

function isAllowed(limits: PeopleLimits, spendings: readonly Spending[]): boolean {
  try {
    limits.assertWithin(...spendings)
    return true
  } catch (error) {
    assert.ok(error instanceof PeopleError && error.code === 'too_many_requests')
    return false
  }
}

/** Guesses in turns of the processes. @returns how many were admitted. */
async function spread(spendings: readonly Spending[], over: readonly PeopleLimits[]) {
  let admitted = 0
  for (let turn = 0; turn < 300; turn++) {
    const wrong = async (): Promise<never> => {
      admitted++
      throw new PeopleError('invalid_credentials')
    }
    await assert.rejects(over[turn % over.length]?.guess(spendings, wrong) ?? wrong(), PeopleError)
  }
  return admitted
}

describe('limits of persons', () => {
  it('allow as many guesses in several processes as in one', async () => {
    const guess = accountGuess('ana@example.com', '192.0.2.1')
    for (const processes of [1, 3]) assert.equal(await spread(guess, ofEach(processes)), 10)
    const many = [['address', '192.0.2.1']] as const
    for (const processes of [1, 3]) assert.equal(await spread(many, ofEach(processes)), 50)
  })

  it('hold in a process that replaces another', async () => {
    const peers = localPeers(2)
    const all = peers.map((one) => new PeopleLimits({ now: () => NOW, peers: one }))
    const guess = accountGuess('ana@example.com', '192.0.2.1')
    assert.equal(await spread(guess, all), 10)
    const heir = new PeopleLimits({ now: () => NOW, ...(peers[1] && { peers: peers[1] }) })
    await peers[1]?.inherited()
    assert.equal(await spread(guess, [heir]), 0)
    assert.equal(isAllowed(heir, [['address', '192.0.2.1']]), true)
  })

  it('count messages in all processes, and only for who asks for them', () => {
    const all = ofEach(2)
    for (let sent = 0; sent < 15; sent++) all[sent % 2]?.spend(...messageFrom('192.0.2.1'))
    for (const limits of all) {
      assert.equal(isAllowed(limits, messageFrom('192.0.2.1')), false)
      assert.equal(isAllowed(limits, messageFrom('192.0.2.2')), true)
    }
  })
})

import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { HandOut, type Receiver } from './hand-out.ts'

/** A worker that takes a connection when it is told to. */
class Worker implements Receiver {
  connections = 0
  readonly under: ((taken: boolean) => void)[] = []
  take(_socket: Socket, done: (taken: boolean) => void): void {
    this.connections++
    this.under.push(done)
  }
  load(): number {
    return this.connections
  }
  takes(): void {
    this.under.shift()?.(true)
  }
  dies(): void {
    this.under.shift()?.(false)
  }
}

function start(count: number) {
  const handOut = new HandOut()
  const workers = Array.from({ length: count }, () => new Worker())
  for (const worker of workers) handOut.add(worker)
  return { handOut, workers, counts: () => workers.map(({ connections }) => connections) }
}

describe('HandOut', () => {
  it('gives each connection to the worker with the fewest', () => {
    const { handOut, workers, counts } = start(3)
    const [first] = workers as [Worker]
    for (let at = 0; at < 9; at++) {
      handOut.give(new Socket())
      for (const worker of workers) worker.takes()
    }
    assert.deepEqual(counts(), [3, 3, 3])
    first.connections = 0
    for (let at = 0; at < 3; at++) {
      handOut.give(new Socket())
      for (const worker of workers) worker.takes()
    }
    assert.deepEqual(counts(), [3, 3, 3])
  })

  it('lets one that hangs hold up one connection only', () => {
    const { handOut, workers, counts } = start(2)
    const [, other] = workers as [Worker, Worker]
    for (let at = 0; at < 6; at++) {
      handOut.give(new Socket())
      other.takes()
    }
    assert.deepEqual(counts(), [1, 5])
  })

  it('keeps connections until a worker is free', async () => {
    const { handOut, workers, counts } = start(0)
    const settled = handOut.settled()
    handOut.give(new Socket())
    const worker = new Worker()
    workers.push(worker)
    handOut.add(worker)
    assert.deepEqual(counts(), [1])
    worker.takes()
    await settled
  })

  it('removes a worker once it has what was on its way to it', async () => {
    const { handOut, workers, counts } = start(2)
    const [first, second] = workers as [Worker, Worker]
    handOut.give(new Socket())
    let removed = false
    const removing = handOut.remove(first).then(() => {
      removed = true
    })
    handOut.give(new Socket())
    handOut.give(new Socket())
    assert.deepEqual(counts(), [1, 1])
    assert.equal(removed, false)
    first.takes()
    await removing
    second.takes()
    assert.deepEqual(counts(), [1, 2])
    second.takes()
    await handOut.settled()
  })

  it('gives a connection on its way to a worker that dies to another', async () => {
    const { handOut, workers, counts } = start(2)
    const [first, second] = workers as [Worker, Worker]
    const socket = new Socket()
    handOut.give(socket)
    first.dies()
    assert.deepEqual(counts(), [1, 1])
    assert.equal(socket.destroyed, false)
    second.takes()
    assert.equal(socket.destroyed, true)
    await handOut.settled()
  })

  it('closes what too many wait before, and counts it', () => {
    const handOut = new HandOut(2)
    const sockets = Array.from({ length: 3 }, () => new Socket())
    for (const socket of sockets) handOut.give(socket)
    assert.deepEqual(
      sockets.map(({ destroyed }) => destroyed),
      [false, false, true],
    )
    assert.equal(handOut.refused, 1)
  })
})

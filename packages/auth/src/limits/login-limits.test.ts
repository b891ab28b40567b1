import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { OAuthError } from '@modulariot/oauth/protocol'
import { localPeers, type Peers } from '@modulariot/platform/peers'
import { type LoginAttempt, LoginLimits } from './login-limits.ts'

let now = 0
let limits: LoginLimits

beforeEach(() => {
  now = 1_800_000_000_000
  limits = new LoginLimits({ now: () => now })
})

function attempt(
  client_id: string,
  address: string,
  secret: string | null = 'wrong',
): LoginAttempt {
  return { client_id, address, digest: secret === null ? null : `digest of ${secret}` }
}

/** Fails until refused; returns the refusal, or null. */
function guess(one: LoginAttempt, times: number): OAuthError | null {
  for (let guesses = 0; guesses < times; guesses++) {
    const refusal = tryOnce(one)
    if (refusal !== null) return refusal
    limits.failed(one)
  }
  return null
}

function tryOnce(one: LoginAttempt, at = limits): OAuthError | null {
  try {
    at.assertMayTry(one, now)
    return null
  } catch (error) {
    assert.ok(error instanceof OAuthError)
    return error
  }
}

describe('login limits', () => {
  it('stop guessing at a client from an address, and say for how long', () => {
    const refusal = guess(attempt('client', '192.0.2.1'), 100)
    assert.equal(refusal?.status, 429)
    assert.equal(refusal?.error, 'temporarily_unavailable')
    assert.ok(refusal?.reason.kind === 'too_many_failures')
    assert.equal(refusal.reason.retry_after_seconds, 1)
    assert.deepEqual(
      refusal.reason.limits.map(({ policy }) => policy),
      ['client-failures'],
    )
    now += 1000
    assert.equal(tryOnce(attempt('client', '192.0.2.1')), null)
  })

  it('do not affect the client elsewhere, nor other clients at the same address', () => {
    guess(attempt('client', '192.0.2.1'), 10_000)
    assert.equal(tryOnce(attempt('client', '192.0.2.2', 'right')), null)
    assert.equal(tryOnce(attempt('other', '192.0.2.1', 'right')), null)
  })

  it('stop guessing at many clients from an address', () => {
    let refused = 0
    for (let client = 0; client < 1000; client++) {
      if (guess(attempt(`client_${client}`, '192.0.2.1'), 1) !== null) refused++
    }
    assert.equal(refused, 400)
    assert.notEqual(tryOnce(attempt('newcomer', '192.0.2.1', 'right')), null)
  })

  it('let a recently proven secret pass from an address that has spent its budget', () => {
    limits.proved(attempt('client', '198.51.100.7', 'right'))
    for (let client = 0; client < 1000; client++) guess(attempt(`c${client}`, '192.0.2.1'), 1)
    guess(attempt('client', '192.0.2.1'), 100)
    assert.equal(tryOnce(attempt('client', '192.0.2.1', 'right')), null)
    assert.notEqual(tryOnce(attempt('client', '192.0.2.1', 'wrong')), null)
  })

  it('stop letting it pass once it fails', () => {
    const ended = attempt('client', '192.0.2.1', 'ended')
    limits.proved(ended)
    guess(attempt('client', '192.0.2.1'), 100)
    assert.equal(tryOnce(ended), null)
    limits.failed(ended)
    assert.notEqual(tryOnce(ended), null)
  })

  it('let a signing client pass from an address where it recently proved itself', () => {
    const signed = attempt('client', '192.0.2.1', null)
    limits.proved(signed)
    for (let client = 0; client < 1000; client++) guess(attempt(`c${client}`, '192.0.2.1'), 1)
    assert.equal(tryOnce(signed), null)
    assert.notEqual(tryOnce(attempt('another', '192.0.2.1', null)), null)
  })

  it('count no success', () => {
    for (let logins = 0; logins < 10_000; logins++) {
      const login = attempt('client', '192.0.2.1', `secret ${logins % 100}`)
      assert.equal(tryOnce(login), null)
      limits.proved(login)
    }
    assert.equal(limits.refusalAtCeiling('192.0.2.1'), null)
  })

  it('refuse an address before the body is read when it does not stop', () => {
    for (let guesses = 0; guesses < 3000; guesses++) {
      assert.equal(limits.refusalAtCeiling('2001:db8::1'), null, `at guess ${guesses}`)
      guess(attempt('client', `2001:db8::${guesses % 100}`), 1)
    }
    const refusal = limits.refusalAtCeiling('2001:db8::ffff')
    assert.equal(refusal?.status, 429)
    assert.ok(refusal?.reason.kind === 'too_many_failures')
    assert.equal(refusal.reason.retry_after_seconds, 1)
    assert.equal(limits.refusalAtCeiling('2001:db8:1::1'), null)
  })

  it('read bodies from an address where a client has proved itself, and let only proven secrets pass', () => {
    const device = attempt('device', '192.0.2.1', 'right')
    limits.proved(device)
    for (let guesses = 0; guesses < 10_000; guesses++) {
      guess(attempt(`client_${guesses}`, '192.0.2.1'), 1)
      assert.equal(limits.refusalAtCeiling('192.0.2.1'), null)
      assert.equal(tryOnce(device), null)
    }
    assert.notEqual(tryOnce(attempt('device', '192.0.2.1', 'wrong')), null)
    assert.notEqual(tryOnce(attempt('newcomer', '192.0.2.1', 'right too')), null)
  })

  it('do not read them if it proved itself only from another address', () => {
    limits.proved(attempt('device', '192.0.2.2', 'right'))
    for (let guesses = 0; guesses < 3000; guesses++) {
      guess(attempt(`client_${guesses}`, '192.0.2.1'), 1)
    }
    assert.notEqual(limits.refusalAtCeiling('192.0.2.1'), null)
  })

  it('do not let a proven secret try other clients', () => {
    limits.proved(attempt('own', '192.0.2.1', 'right'))
    assert.notEqual(guess(attempt('other', '192.0.2.1', 'right'), 100), null)
    guess(attempt('own', '192.0.2.1'), 100)
    assert.equal(tryOnce(attempt('own', '192.0.2.1', 'right')), null)
  })

  it('bound the signatures tried for a signing client, without affecting other clients', () => {
    const signed = attempt('client', '192.0.2.1', null)
    const other = attempt('other', '192.0.2.1', null)
    for (const one of [signed, other]) limits.proved(one)
    const refusal = guess(signed, 1000)
    assert.ok(refusal?.reason.kind === 'too_many_failures')
    assert.deepEqual(
      refusal.reason.limits.map(({ policy }) => policy),
      ['signature-failures'],
    )
    assert.equal(tryOnce(other), null)
    now += 1000
    assert.equal(tryOnce(signed), null)
  })

  it('answer the same whether the client exists or not', () => {
    const real = attempt('client', '192.0.2.1')
    limits.proved(attempt('client', '192.0.2.9', 'right'))
    const answers = [real, attempt('made_up', '192.0.2.2')].map((one) => {
      const refusal = guess(one, 100)
      return [refusal?.message, refusal?.reason]
    })
    assert.deepEqual(answers[0], answers[1])
  })

  it('stay bounded whatever is sent', () => {
    for (let made = 0; made < 100_000; made++) {
      const one = attempt(
        `client_${made}${'x'.repeat(1000)}`,
        `10.${made >> 16}.${(made >> 8) & 255}.${made & 255}`,
        `secret ${made}`,
      )
      limits.failed(one)
      limits.proved(one)
    }
    for (let made = 0; made < 60_000; made++) {
      limits.failed(attempt(`signer_${made}`, '192.0.2.1', null))
    }
    assert.equal(limits.size, 300_000)
  })
})

describe('login limits of several processes', () => {
  const device = attempt('device', '192.0.2.1', 'right')
  const ofEach = (peers: readonly Peers[]) =>
    peers.map((peer) => new LoginLimits({ now: () => now, peers: peer }))

  /** Guesses in turns of the processes. @returns how many were admitted. */
  function spread(guesses: Iterable<LoginAttempt>, over: readonly LoginLimits[]): number {
    let turn = 0
    let admitted = 0
    for (const one of guesses) {
      const at = over[turn++ % over.length] as LoginLimits
      if (tryOnce(one, at) !== null) continue
      at.failed(one)
      admitted++
    }
    return admitted
  }
  const guessesAt = (client_id: string, times: number) =>
    Array.from({ length: times }, () => attempt(client_id, '192.0.2.1'))
  const guessesAtMany = (times: number) =>
    Array.from({ length: times }, (_, index) => attempt(`client_${index}`, '192.0.2.1'))

  it('allow as many guesses as one process does, however they are spread', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    for (const processes of [1, 3]) {
      assert.equal(spread(guessesAt('client', 1000), ofEach(localPeers(processes))), 60)
      assert.equal(spread(guessesAtMany(3000), ofEach(localPeers(processes))), 600)
    }
    const signed = attempt('client', '192.0.2.1', null)
    const all = ofEach(localPeers(3))
    all[0]?.proved(signed)
    t.mock.timers.tick(100)
    assert.equal(spread(Array(1000).fill(signed), all), 300)
  })

  it('refuse an address at every process before the body is read when it does not stop', () => {
    const all = ofEach(localPeers(3))
    spread(guessesAtMany(2990), all)
    for (const one of all) assert.equal(one.refusalAtCeiling('192.0.2.1'), null)
    spread(guessesAtMany(10), all)
    for (const one of all) assert.equal(one.refusalAtCeiling('192.0.2.1')?.status, 429)
  })

  it('let a fleet behind a NAT pass everywhere once it has proved itself at one', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const all = ofEach(localPeers(3))
    all[0]?.proved(device)
    t.mock.timers.tick(100)
    spread(guessesAt('device', 100), all)
    spread(guessesAtMany(5000), all)
    for (const one of all) {
      assert.equal(one.refusalAtCeiling('192.0.2.1'), null)
      assert.equal(tryOnce(device, one), null)
      assert.notEqual(tryOnce(attempt('device', '192.0.2.1', 'wrong'), one), null)
    }
  })

  it('stop letting a secret pass everywhere once it fails at one', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const all = ofEach(localPeers(3))
    spread(guessesAt('device', 100), all)
    // Told, and not told yet.
    for (const waitMs of [100, 0]) {
      all[0]?.proved(device)
      t.mock.timers.tick(waitMs)
      all[waitMs === 0 ? 0 : 1]?.failed(device)
      t.mock.timers.tick(1000)
      for (const one of all) assert.notEqual(tryOnce(device, one), null)
    }
  })

  it('hold at a process that replaces another, and let pass what had proved itself', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const peers = localPeers(3)
    const all = ofEach(peers)
    const signed = attempt('signer', '198.51.100.1', null)
    all[0]?.proved(device)
    all[0]?.proved(signed)
    t.mock.timers.tick(100)
    assert.equal(spread(guessesAt('device', 1000), all), 60)
    spread(guessesAtMany(5000), all)
    spread(Array(200).fill(signed), all)
    const [heir] = ofEach([peers[2] as Peers]) as [LoginLimits]
    await peers[2]?.inherited()
    const left = spread(Array(1000).fill(signed), [heir])
    assert.equal(left, 100)
    assert.notEqual(tryOnce(attempt('device', '192.0.2.1'), heir), null)
    assert.notEqual(tryOnce(attempt('another', '192.0.2.1'), heir), null)
    assert.equal(heir.refusalAtCeiling('192.0.2.1'), null)
    assert.equal(tryOnce(device, heir), null)
    assert.equal(tryOnce(attempt('device', '192.0.2.2'), heir), null)
    // Nothing of what was paid for since.
    now += 61_000
    assert.equal(spread(guessesAt('client', 1000), [heir]), 60)
  })

  it('count no failure twice that a process hears of, and gets from another', async () => {
    const peers = localPeers(2)
    const [one] = ofEach([peers[0] as Peers]) as [LoginLimits]
    spread(guessesAt('client', 30), [one])
    const [heir] = ofEach([peers[1] as Peers]) as [LoginLimits]
    spread(guessesAt('client', 10), [one])
    await peers[1]?.inherited()
    assert.equal(spread(guessesAt('client', 1000), [heir]), 20)
  })

  it('tell the first proof of a client from an address, and not each login', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { at, told } = overheard()
    const there = attempt('device', '192.0.2.9', 'right')
    for (let logins = 0; logins < 100; logins++) {
      at.proved(device)
      at.proved(there)
    }
    t.mock.timers.tick(100)
    assert.deepEqual(
      told.map((message) => (message as { proved: unknown[] }).proved.length),
      [2],
    )
  })

  it('tell the proofs of a large fleet as fast as costs little', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { at, told } = overheard()
    for (let login = 0; login < 30_000; login++) {
      at.proved(attempt(`client_${login}`, '192.0.2.1', `secret ${login}`))
    }
    for (let tenth = 0; tenth < 10; tenth++) t.mock.timers.tick(100)
    const proofs = () => told.flatMap((message) => (message as { proved: unknown[] }).proved)
    assert.equal(proofs().length, 500)
    for (let tenth = 0; tenth < 300; tenth++) t.mock.timers.tick(100)
    assert.equal(proofs().length, 10_000)
  })

  it('do not tell each guess of a flood', () => {
    const { at, told } = overheard()
    at.proved(device)
    spread(guessesAtMany(100_000), [at])
    assert.equal(told.length, 3000, 'what the ceiling allows')
  })

  it('allow more only for the guesses that are made while a message is under way', () => {
    const { peers, arrive } = withSlowMessages(3)
    const all = ofEach(peers)
    assert.equal(spread(guessesAt('client', 1000), all), 3 * 60)
    arrive()
    for (let second = 0; second < 100; second++) {
      for (const one of all) {
        assert.notEqual(tryOnce(attempt('client', '192.0.2.1'), one), null)
      }
      now += 1000
      const guess = attempt('client', '192.0.2.1')
      const at = all[second % 3] as LoginLimits
      assert.equal(tryOnce(guess, at), null)
      at.failed(guess)
      arrive()
    }
  })

  it('keep no more of what they are told than of their own', () => {
    const peers = localPeers(2)
    const [one, other] = ofEach(peers)
    peers[1]?.listen('login limits', (message) => assert.ok(JSON.stringify(message).length < 300))
    for (let made = 0; made < 60_000; made++) {
      const address = `10.${made >> 16}.${(made >> 8) & 255}.${made & 255}`
      const guess = attempt(`client_${made}${'x'.repeat(1000)}`, address, `secret ${made}`)
      one?.failed(guess)
      one?.proved({ ...guess, client_id: `client_${made}` })
    }
    assert.equal(other?.size, 150_000)
  })
})

/** The limits of one of two processes, and what they tell the other. */
function overheard(): { at: LoginLimits; told: unknown[] } {
  const [peer, other] = localPeers(2)
  const told: unknown[] = []
  other?.listen('login limits', (message) => told.push(message))
  return { at: new LoginLimits({ now: () => now, peers: peer as Peers }), told }
}

/** Processes whose messages arrive when `arrive` is called. */
function withSlowMessages(count: number): { peers: Peers[]; arrive: () => void } {
  let underWay: (() => void)[] = []
  const peers = localPeers(count).map((peer) => ({
    ...peer,
    tell: (topic: string, message: unknown) => {
      underWay.push(() => peer.tell(topic, message))
    },
  }))
  const arrive = (): void => {
    for (const deliver of underWay) deliver()
    underWay = []
  }
  return { peers, arrive }
}

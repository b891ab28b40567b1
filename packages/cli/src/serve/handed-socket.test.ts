import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertAsConfigured, handedSocket } from './handed-socket.ts'

describe('a socket that was handed over', () => {
  it('is the first descriptor after the standard ones', () => {
    assert.equal(handedSocket({ LISTEN_PID: '42', LISTEN_FDS: '1' }, 42), 3)
  })

  it('is there only when both variables are', () => {
    for (const env of [{}, { LISTEN_PID: '42' }, { LISTEN_FDS: '1' }, { LISTEN_FDS: '' }]) {
      assert.equal(handedSocket(env, 42), null)
    }
  })

  it('is nobody else’s', () => {
    const env = { LISTEN_PID: '41', LISTEN_FDS: '1' }
    assert.throws(
      () => handedSocket(env, 42),
      /process 41, but this is process 42.*rather than through npm/,
    )
  })

  for (const count of ['0', '2', '1x']) {
    it(`is one, not ${count}`, () => {
      assert.throws(() => handedSocket({ LISTEN_PID: '42', LISTEN_FDS: count }, 42), /exactly one/)
    })
  }
})

const at = (address: string, port: number) => ({ address, port, family: '' })

describe('where it listens', () => {
  const agreeing = [
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', 'localhost'],
    ['::1', 'localhost'],
    ['::', '::'],
    ['2001:db8::1', '2001:DB8:0::1'],
  ] as const
  for (const [address, host] of agreeing) {
    it(`${address} is MIOT_HOST ${host}`, () => {
      assertAsConfigured(at(address, 8080), { host, port: 8080 })
    })
  }

  const contradicting = [
    [at('0.0.0.0', 8080), '127.0.0.1'],
    [at('::', 8080), 'localhost'],
    [at('::ffff:127.0.0.1', 8080), '127.0.0.1'],
    [at('127.0.0.1', 80), '127.0.0.1'],
    [null, '127.0.0.1'],
  ] as const
  for (const [handed, host] of contradicting) {
    it(`${handed?.address} port ${handed?.port} is not MIOT_HOST ${host}, MIOT_PORT 8080`, () => {
      const settings = { host, port: 8080 }
      assert.throws(() => assertAsConfigured(handed, settings), /set MIOT_HOST and MIOT_PORT/)
    })
  }
})

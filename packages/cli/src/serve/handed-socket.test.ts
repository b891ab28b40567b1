import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assertMatchesSettings, handedSocket } from './handed-socket.ts'

describe('a socket passed by a supervisor', () => {
  it('is the first descriptor after the standard ones', () => {
    assert.equal(handedSocket({ LISTEN_PID: '42', LISTEN_FDS: '1' }, 42), 3)
  })

  it('is used only when both variables are set', () => {
    for (const env of [{}, { LISTEN_PID: '42' }, { LISTEN_FDS: '1' }, { LISTEN_FDS: '' }]) {
      assert.equal(handedSocket(env, 42), null)
    }
  })

  it('must be for this process', () => {
    const env = { LISTEN_PID: '41', LISTEN_FDS: '1' }
    assert.throws(
      () => handedSocket(env, 42),
      /process 41, but this is process 42.*rather than through npm/,
    )
  })

  for (const count of ['0', '2', '1x']) {
    it(`is exactly one, not ${count}`, () => {
      assert.throws(() => handedSocket({ LISTEN_PID: '42', LISTEN_FDS: count }, 42), /exactly one/)
    })
  }
})

const at = (address: string, port: number) => ({ address, port, family: '' })

describe('the address of the socket', () => {
  const agreeing = [
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', 'localhost'],
    ['::1', 'localhost'],
    ['::', '::'],
    ['2001:db8::1', '2001:DB8:0::1'],
  ] as const
  for (const [address, host] of agreeing) {
    it(`${address} matches MIOT_HOST ${host}`, () => {
      assertMatchesSettings(at(address, 8080), { host, port: 8080 })
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
    it(`${handed?.address} port ${handed?.port} does not match MIOT_HOST ${host}, MIOT_PORT 8080`, () => {
      const settings = { host, port: 8080 }
      assert.throws(() => assertMatchesSettings(handed, settings), /set MIOT_HOST and MIOT_PORT/)
    })
  }
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type RevocableToken, RevocationList } from './revocation-list.ts'

const token = (changes: Partial<RevocableToken> = {}): RevocableToken => ({
  jti: 'j',
  client_id: 'c',
  iat: 100,
  kid: 'k',
  ...changes,
})

describe('RevocationList', () => {
  it('knows nothing at first', () => {
    assert.equal(new RevocationList().isRevoked(token()), false)
  })

  it('revokes exactly the token, the key or the client’s tokens that an entry names', () => {
    const list = new RevocationList()
    list.add([
      { kind: 'token', jti: 'dead', expires: 1000 },
      { kind: 'key', kid: 'old', expires: 1000 },
      { kind: 'client', client_id: 'gone', issued_until: 100, expires: 1000 },
    ])
    assert.equal(list.isRevoked(token()), false)
    assert.equal(list.isRevoked(token({ jti: 'dead' })), true)
    assert.equal(list.isRevoked(token({ kid: 'old' })), true)
    assert.equal(list.isRevoked(token({ client_id: 'gone', iat: 100 })), true)
    assert.equal(list.isRevoked(token({ client_id: 'gone', iat: 101 })), false)
  })

  it('does not mistake one kind of name for another', () => {
    const list = new RevocationList()
    list.add([{ kind: 'token', jti: 'x', expires: 1000 }])
    assert.equal(list.isRevoked(token({ kid: 'x', client_id: 'x' })), false)
  })

  it('never undoes a revocation: an earlier cut-off of a client changes nothing', () => {
    const list = new RevocationList()
    const cut = (issued_until: number, expires: number) =>
      list.add([{ kind: 'client', client_id: 'c', issued_until, expires }])
    cut(200, 2000)
    cut(100, 1000)
    list.forget(1000)
    assert.equal(list.isRevoked(token({ iat: 200 })), true)
    cut(300, 3000)
    assert.equal(list.isRevoked(token({ iat: 300 })), true)
  })

  it('forgets each entry when it expires, and not a second before', () => {
    const list = new RevocationList()
    list.add([
      { kind: 'token', jti: 'j', expires: 10 },
      { kind: 'key', kid: 'k', expires: 11 },
      { kind: 'client', client_id: 'c', issued_until: 100, expires: 12 },
    ])
    const sizes = [9, 10, 11, 12].map((now) => {
      list.forget(now)
      return list.size
    })
    assert.deepEqual(sizes, [3, 2, 1, 0])
    assert.equal(list.isRevoked(token()), false)
  })
})

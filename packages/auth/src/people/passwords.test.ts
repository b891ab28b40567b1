import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { localPeers } from '@modulariot/platform/peers'
import { createPasswords, hashesFor } from './passwords.ts'
import { PeopleError } from './people-error.ts'

describe('password hashes', () => {
  it('fit their password only, however it was composed', async () => {
    const { hash, verify } = createPasswords()
    const made = await hash('contraseña segura')
    assert.match(made, /^[0-9a-f]{32}:[0-9a-f]{128}$/)
    assert.equal(await verify({ hash: made, password: 'contrasen\u0303a segura' }), true)
    assert.equal(await verify({ hash: made, password: 'contrasena segura' }), false)
    assert.equal(await verify({ hash: 'nothing', password: 'contraseña segura' }), false)
    assert.notEqual(await hash('contraseña segura'), made)
  })

  it('are made one at a time, and beyond a bounded queue refused', async () => {
    const { hash } = createPasswords({ maxWaiting: 3 })
    const ended: number[] = []
    const all = Array.from({ length: 5 }, (_, index) =>
      hash('x').then(
        () => ended.push(index),
        (error: unknown) => {
          assert.ok(error instanceof PeopleError && error.code === 'too_many_requests')
          return -1
        },
      ),
    )
    const refused = (await Promise.all(all)).filter((place) => place === -1)
    assert.equal(refused.length, 2)
    assert.deepEqual(
      ended,
      [...ended].sort((a, b) => a - b),
    )
  })

  it('of one holder wait three at most, and leave room for others', async () => {
    const { hash } = createPasswords()
    const outcome = (holder: string, account = holder) =>
      hashesFor(holder, () =>
        hashesFor(account, () => hash('x')).then(
          () => 'done',
          (error: unknown) => error instanceof PeopleError && error.code,
        ),
      )
    const refused = 'too_many_requests'
    const flood = ['a', 'a', 'a', 'a', 'b'].map((holder) => outcome(`block ${holder}`, holder))
    const sameAccount = outcome('block c', 'a')
    assert.deepEqual(await Promise.all(flood), ['done', 'done', 'done', refused, 'done'])
    assert.equal(await sameAccount, refused)
    assert.equal(await outcome('block a', 'a'), 'done')
  })

  it('of one holder wait three at most in all processes', async () => {
    const all = localPeers(2).map((peers) => createPasswords({ peers }))
    const flood = [...all, ...all, ...all].map(({ hash }) => hashesFor('a', () => hash('x')))
    const outcomes = await Promise.allSettled(flood)
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3)
    for (const { hash } of all) await hashesFor('a', () => hash('x'))
  })
})

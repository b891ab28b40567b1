import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { StoreUnavailable } from '@modulariot/platform/storage'
import { openSqliteAuthStore } from '../store/sqlite/sqlite-store.ts'
import { createEngine } from './better-auth-engine.ts'
import { createPasswords } from './passwords.ts'

const directory = mkdtempSync(join(tmpdir(), 'miot-engine-'))
const store = openSqliteAuthStore(join(directory, 'auth.db'))
after(async () => {
  await store.close()
  rmSync(directory, { recursive: true, force: true })
})

let fails = (_sql: string): boolean => false
const engine = createEngine({
  statements: {
    dialect: 'sqlite',
    // Other requests run between any two statements, as they do on PostgreSQL.
    run: async (sql, parameters) => {
      await new Promise(setImmediate)
      if (fails(sql)) throw new StoreUnavailable('no disk')
      return store.accounts.run(sql, parameters)
    },
  },
  passwords: createPasswords(),
  secrets: [new Uint8Array(32).fill(9)],
  requireVerification: false,
  onLog: () => {},
})

let people = 0
async function person() {
  const email = `person-${++people}@example.com`
  await engine.signUp({ email, password: 'correct horse battery', name: 'Person' })
  return email
}

/** How many of the attempts at the same time succeed. */
async function successes(attempts: number, work: () => Promise<unknown>): Promise<number> {
  const settled = await Promise.allSettled(Array.from({ length: attempts }, work))
  return settled.filter(({ status }) => status === 'fulfilled').length
}

describe('the engine of accounts', () => {
  it('takes a token for an address once, of many at the same time', async () => {
    const issued = await engine.issueVerification(await person())
    assert.ok(issued)
    assert.equal(
      await successes(4, () => engine.verifyEmail(issued.token, 'correct horse battery')),
      1,
    )
  })

  it('takes a token for a new password once, of many at the same time', async () => {
    const issued = await engine.issueReset(await person())
    assert.ok(issued)
    const reset = () => engine.resetPassword(issued.token, 'another battery staple')
    assert.equal(await successes(4, reset), 1)
  })

  it('makes one account of one address, of many at the same time', async () => {
    const body = { email: 'same@example.com', password: 'correct horse battery', name: 'Same' }
    const made = await Promise.all([1, 2, 3].map(() => engine.signUp(body)))
    assert.equal(made.filter((id) => id !== null).length, 1)
  })

  it('reports a store that fails in the middle as that, at every statement', async () => {
    const email = await person()
    const credentials = { email, password: 'correct horse battery' }
    const from = { address: '192.0.2.1', user_agent: null }
    for (const word of ['people', 'people_accounts', 'insert into "people_sessions"']) {
      fails = (sql) => sql.includes(word)
      await assert.rejects(engine.signIn(credentials, from), StoreUnavailable, word)
      fails = () => false
    }
    assert.equal((await engine.signIn(credentials, from)).kind, 'session')
  })
})

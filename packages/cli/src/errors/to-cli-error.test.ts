import assert from 'node:assert/strict'
import { it } from 'node:test'
import { StoreDamaged, StoreUnavailable, StoreUnwritable } from '@modulariot/platform/storage'
import { faultOf } from '../doctor/check.ts'
import { toCliError } from './to-cli-error.ts'

it('a store that cannot be reached has the exit status of a server that cannot', () => {
  const codes = [
    new StoreUnavailable('PostgreSQL: connect ECONNREFUSED'),
    new StoreUnwritable('disk is full'),
    new StoreDamaged('auth.db', 'auth.db is damaged'),
  ].map((error) => toCliError(error).code)
  assert.deepEqual(codes, ['network', 'failure', 'failure'])
})

it('doctor does not propose to start the server for it', () => {
  const error = new StoreUnavailable('PostgreSQL: connect ECONNREFUSED')
  assert.equal(
    faultOf(error, 'start the database', { dataDir: '/data' }).remedy,
    'start the database',
  )
})

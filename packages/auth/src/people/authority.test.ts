import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ADMIN_SCOPES } from '../admin/scopes.ts'
import { AdminError } from '../errors/admin-error.ts'
import { type PersonState, ROLES, type Role } from '../records/member.ts'
import { judge, type PersonRequest, personAuthorityOf } from './authority.ts'
import { powersOf, scopesOf } from './roles.ts'

const NOW = Date.parse('2026-05-01T12:00:00Z')
const REQUEST: PersonRequest = {
  key: { person_id: 'person_1', session_id: 'session_1', org_id: 'org_1' },
  environment: 'development',
  scope: 'clients:write',
}

const stateOf = (role: Role | null, changes: Partial<PersonState> = {}): PersonState => ({
  person: { person_id: 'person_1', email: 'a@b.example', name: 'A', disabled: false },
  session_expires_at: new Date(NOW + 1).toISOString(),
  role,
  tokens_revoked_until: null,
  ...changes,
})
const disabled = { person_id: 'person_1', email: 'a@b.example', name: 'A', disabled: true }

const refused = (code: string) => (error: unknown) =>
  error instanceof AdminError && error.code === code

/** A new rule is a new row. */
const REFUSED: Readonly<Record<string, readonly [PersonState, string]>> = {
  'it does not exist': [stateOf('owner', { person: null }), 'unauthenticated'],
  'it is disabled': [stateOf('owner', { person: disabled }), 'unauthenticated'],
  'its session is gone': [stateOf('owner', { session_expires_at: null }), 'unauthenticated'],
  'its session has expired': [
    stateOf('owner', { session_expires_at: new Date(NOW).toISOString() }),
    'unauthenticated',
  ],
  'it is no member': [stateOf(null), 'forbidden'],
  'its role lacks the scope': [stateOf('viewer'), 'insufficient_scope'],
}

describe('a person’s authority', () => {
  for (const [why, [state, code]] of Object.entries(REFUSED)) {
    it(`is refused when ${why}, before the change and in its unit`, () => {
      assert.throws(() => judge(REQUEST, state, NOW), refused(code))
      const judged = { role: 'viewer', scopes: [] } as const
      const authority = personAuthorityOf(REQUEST, judged, () => NOW)
      assert.throws(() => authority.assert(state), refused(code))
    })
  }

  it('is refused in the unit when anything that it was allowed with is gone', () => {
    const judged = judge(REQUEST, stateOf('owner'), NOW)
    const authority = personAuthorityOf(REQUEST, judged, () => NOW)
    authority.assert(stateOf('owner'))
    assert.throws(() => authority.assert(stateOf('developer')), refused('insufficient_scope'))
    // The same scopes, but not an owner.
    assert.throws(() => authority.assert(stateOf('admin')), refused('forbidden'))
    const admin = personAuthorityOf(REQUEST, judge(REQUEST, stateOf('admin'), NOW), () => NOW)
    admin.assert(stateOf('owner'))
  })
})

describe('the roles', () => {
  it('have each less than the one above, and no production for developers', () => {
    assert.deepEqual(powersOf('owner'), powersOf('admin'))
    assert.deepEqual(scopesOf('admin', 'production'), ADMIN_SCOPES)
    assert.deepEqual(scopesOf('developer', 'production'), [])
    for (const role of ROLES) {
      const above = new Set(powersOf('admin'))
      assert.ok(powersOf(role).every((power) => above.has(power)))
    }
    for (const scope of ['members:write', 'organization:write'] as const) {
      assert.ok(!scopesOf('developer', 'development').includes(scope))
    }
    assert.ok(scopesOf('viewer', 'production').every((scope) => scope.endsWith(':read')))
  })
})

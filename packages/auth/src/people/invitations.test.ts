import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { AdminContext } from '../admin/context.ts'
import { AdminError } from '../errors/admin-error.ts'
import type { Role } from '../records/member.ts'
import { newInvitation, newMember, signUp } from '../store/conformance/people-samples.ts'
import { type Installation, openInstallation } from '../testing/sample-installation.ts'
import {
  acceptInvitation,
  createInvitation,
  deleteInvitation,
  type InvitationDeps,
  listInvitations,
  lookUpInvitation,
  wasMailed,
} from './invitations.ts'
import type { Mail } from './mailer-port.ts'
import { changeRole, removeMember } from './members.ts'
import { auditedMember, claimInstallation, createOrganizationOf } from './organizations.ts'
import { PeopleLimits } from './people-limits.ts'

const ADA = { person_id: 'person_ada', email: 'person_ada@example.com' }
const BOB = { person_id: 'person_bob', email: 'person_bob@example.com' }

let place: Installation
let org_id: string
let owner: AdminContext
const sent: Mail[] = []

beforeEach(async () => {
  place = await openInstallation()
  for (const { person_id } of [ADA, BOB]) await signUp(place.store, person_id)
  org_id = (await claimInstallation(ADA, 'New', place.operator))?.org_id as string
  owner = callerWith('owner')
  sent.length = 0
})
afterEach(() => place.close())

function callerWith(role: Role): AdminContext {
  const actor = { kind: 'person', ...ADA } as const
  return { ...place.caller({ org_id, environment: 'development' }), actor, role }
}

const SHOWN: InvitationDeps = { mailer: null, limits: null, linkOf: (token) => token }
const MAILED: InvitationDeps = { ...SHOWN, mailer: { queue: (mail) => sent.push(mail) > 0 } }

async function invite(email = BOB.email, role: Role = 'viewer', context = owner): Promise<string> {
  return (await createInvitation(org_id, { email, role }, context, SHOWN)).link as string
}

const refused = (code: string) => (error: unknown) =>
  error instanceof AdminError && error.code === code

describe('the first account', () => {
  it('takes over the first organization, once, and the trail names the person', async () => {
    assert.equal(await claimInstallation(BOB, 'Mine', place.operator), null)
    assert.equal((await place.store.listOrganizations()).length, 2)
    const [{ entry } = { entry: '' }] = await place.store.listAudit({ before: null, limit: 1 })
    const { action, actor, after } = JSON.parse(entry)
    assert.deepEqual(
      [action, actor, after],
      ['member.added', { kind: 'person', ...ADA }, { email: ADA.email, role: 'owner' }],
    )
  })

  it('makes an organization of its own where that is allowed', async () => {
    const made = await createOrganizationOf(BOB, ' Bob’s ', place.operator)
    const [membership] = await place.store.listMemberships(BOB.person_id)
    assert.deepEqual(membership, { org_id: made.org_id, name: 'Bob’s', role: 'owner' })
    await assert.rejects(createOrganizationOf(BOB, '', place.operator), refused('invalid_input'))
  })
})

describe('an invitation', () => {
  it('is offered and accepted once, by the account with its address', async () => {
    const token = await invite()
    const offer = await lookUpInvitation(token, place.operator)
    assert.deepEqual([offer?.organization_name, offer?.email], ['Acme', BOB.email])
    assert.ok(offer !== null && !('token_digest' in offer))
    const wrong = { ...BOB, email: 'other@example.com' }
    await assert.rejects(acceptInvitation(token, wrong, place.operator), refused('not_found'))
    const member = await acceptInvitation(token, BOB, place.operator)
    assert.deepEqual([member.role, member.org_id], ['viewer', org_id])
    await assert.rejects(acceptInvitation(token, BOB, place.operator), refused('not_found'))
    assert.equal(await lookUpInvitation(token, place.operator), null)
  })

  it('ends after a week, when it is revoked, and when another replaces it', async () => {
    const expired = await invite()
    place.clock.now += 7 * 86_400_000
    const none = async (token: string): Promise<void> => {
      assert.equal(await lookUpInvitation(token, place.operator), null)
      await assert.rejects(acceptInvitation(token, BOB, place.operator), refused('not_found'))
    }
    await none(expired)
    const replaced = await invite()
    const revoked = await invite()
    await none(replaced)
    const [open] = await listInvitations(org_id, owner)
    await deleteInvitation(org_id, open?.invitation_id as string, owner)
    await none(revoked)
    await none('')
    await none('a\0b')
  })

  it('is mailed without its link in the response, also when too many messages wait', async () => {
    const input = { email: BOB.email, role: 'viewer' } as const
    const { link, mailed } = await createInvitation(org_id, input, owner, MAILED)
    assert.deepEqual([link, mailed], [null, true])
    assert.equal(sent[0]?.to, BOB.email)
    const token = /\n(m\.[\w-]{43})\n/.exec(sent[0]?.text ?? '')?.[1] as string
    assert.equal((await lookUpInvitation(token, place.operator))?.role, 'viewer')
    assert.ok(wasMailed(token))
    const full = { ...SHOWN, mailer: { queue: () => false } }
    const tooMany = refused('too_many_requests')
    await assert.rejects(createInvitation(org_id, input, owner, full), tooMany)
    const shown = await invite()
    assert.equal(wasMailed(shown), false)
    assert.equal(await lookUpInvitation(`m.${shown}`, place.operator), null)
  })

  it('is mailed a few times to one address, and not without end by one organization', async () => {
    const limits = new PeopleLimits({ now: () => place.clock.now })
    const deps = { ...MAILED, limits }
    const mail = (email: string) => createInvitation(org_id, { email, role: 'viewer' }, owner, deps)
    const tooMany = refused('too_many_requests')
    for (let times = 0; times < 3; times++) await mail(BOB.email)
    await assert.rejects(mail(BOB.email), tooMany)
    for (let made = 3; made < 50; made++) await mail(`p${made}@example.com`)
    await assert.rejects(mail('last@example.com'), tooMany)
    assert.equal(sent.length, 50)
    place.clock.now += 3_600_000
    await mail('last@example.com')
  })

  it('is not made, revoked or replaced for an owner by others', async () => {
    const admin = callerWith('admin')
    const forbidden = refused('forbidden')
    await assert.rejects(invite(BOB.email, 'owner', admin), forbidden)
    await invite(BOB.email, 'owner')
    await assert.rejects(invite(BOB.email, 'viewer', admin), forbidden)
    const [open] = await listInvitations(org_id, owner)
    await assert.rejects(deleteInvitation(org_id, open?.invitation_id as string, admin), forbidden)
  })

  it('of a client gives at most what the client has in its environment', async () => {
    const client = place.caller({ org_id, environment: 'development' })
    const production = place.caller({ org_id, environment: 'production' })
    const weak = place.caller({ org_id, environment: 'production' }, ['members:write'])
    const allowed: [AdminContext, Role, boolean][] = [
      [client, 'developer', true],
      [client, 'viewer', false],
      [client, 'admin', false],
      [production, 'viewer', true],
      [production, 'admin', true],
      [production, 'owner', false],
      [weak, 'viewer', false],
      [place.operator, 'owner', true],
    ]
    for (const [context, role, may] of allowed) {
      const made = invite('new@example.com', role, context)
      if (may) {
        await made
        await deleteInvitation(
          org_id,
          (await listInvitations(org_id, owner))[0]?.invitation_id as string,
          owner,
        )
      } else await assert.rejects(made, refused('forbidden'))
    }
  })

  it('ends with the right of its maker to give its role', async () => {
    await place.store.createInvitation(org_id, () => newInvitation({ org_id }))
    const bob = newMember(BOB.person_id, { org_id })
    await place.store.acceptInvitation('digest_1', () => bob)
    const asBob = { ...owner, actor: { kind: 'person', ...BOB } as const }
    const [next, viewer, other] = [
      await invite('next@example.com', 'owner', asBob),
      await invite('viewer@example.com', 'viewer', asBob),
      await invite('other@example.com', 'owner'),
    ]
    const open = async () =>
      Promise.all(
        [next, viewer, other].map(async (token) => (await lookUpInvitation(token, owner)) !== null),
      )
    await changeRole(org_id, BOB.person_id, 'admin', owner)
    assert.deepEqual(await open(), [false, true, true])
    await changeRole(org_id, BOB.person_id, 'developer', owner)
    assert.deepEqual(await open(), [false, false, true])
    await changeRole(org_id, BOB.person_id, 'admin', owner)
    const last = await invite('last@example.com', 'viewer', { ...asBob, role: 'admin' })
    await removeMember(org_id, BOB.person_id, asBob)
    assert.equal(await lookUpInvitation(last, owner), null)
    assert.deepEqual(await open(), [false, false, true])
    const trail = await place.store.listAudit({ before: null, limit: 2 })
    assert.deepEqual(
      trail.map(({ entry }) => JSON.parse(entry).action),
      ['invitation.revoked', 'member.removed'],
    )
  })

  it('is refused for a member, when accepted too, and past the bound', async () => {
    await assert.rejects(invite(ADA.email), refused('conflict'))
    const token = await invite()
    const audited = auditedMember(BOB, 'viewer', org_id, place.operator)
    await place.store.createInvitation(org_id, () => ({
      value: {
        ...{ invitation_id: 'i', org_id, email: 'x', role: 'viewer', token_digest: 'd' },
        ...{ expires_at: '2099-01-01T00:00:00.000Z', created_at: '2026', invited_by: null },
      },
      audit: audited.audit,
    }))
    await place.store.acceptInvitation('d', () => newMember(BOB.person_id, { org_id }))
    await assert.rejects(acceptInvitation(token, BOB, place.operator), refused('conflict'))
    for (let made = 1; made < 100; made++) await invite(`p${made}@example.com`)
    await assert.rejects(invite('p100@example.com'), refused('conflict'))
    await invite('p1@example.com')
  })
})

/** Who belongs to the organization, who is invited, and with which role. */

import { useQuery } from '@tanstack/react-query'
import { Ellipsis, Pencil, UserPlus } from 'lucide-react'
import { dataOf, type Invitation, type Member } from '../../api/admin.ts'
import { useChange } from '../../state/change.ts'
import { invitationsQuery, membersQuery } from '../../state/queries.ts'
import { useHere, useSession } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { Button, buttonClasses } from '../../ui/button.tsx'
import { Menu, MenuItem, MenuLine } from '../../ui/menu.tsx'
import { Badge, Heading, Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { useDialogName } from '../application/dialog-name.ts'
import { InviteDialog } from './invite-dialog.tsx'
import { RemoveDialog, RoleDialog } from './member-dialogs.tsx'
import { RenameDialog } from './rename-dialog.tsx'

export function Members() {
  const here = useHere()
  const [, open] = useDialogName()
  const members = useQuery(membersQuery(here))
  return (
    <>
      <Heading
        title={t.nav.members}
        about={t.members.about(here.membership.name)}
        actions={
          <>
            <Button refused={here.refusal('organization:write')} onClick={() => open('rename')}>
              <Pencil aria-hidden className="size-4" />
              {t.organizations.rename}
            </Button>
            <Button
              look="primary"
              refused={here.refusal('members:write')}
              onClick={() => open('invite')}
            >
              <UserPlus aria-hidden className="size-4" />
              {t.members.invite}
            </Button>
          </>
        }
      />
      <div className="flex flex-col gap-6">
        <Panel flush>
          {members.isPending && <Loading />}
          {members.error && <Failure error={members.error} retry={() => members.refetch()} />}
          <ul className="divide-y divide-line">
            {members.data?.members.map((member) => (
              <MemberRow key={member.person_id} member={member} onOpen={open} />
            ))}
          </ul>
        </Panel>
        <Invitations />
        <Roles />
      </div>
      <Dialogs members={members.data?.members ?? []} />
    </>
  )
}

/** By the name in the address: `role-person_…`. */
function Dialogs({ members }: { readonly members: readonly Member[] }) {
  const [name, open] = useDialogName()
  const onClose = () => open(undefined)
  if (name === 'invite') return <InviteDialog onClose={onClose} />
  if (name === 'rename') return <RenameDialog onClose={onClose} />
  const member = members.find(({ person_id }) => name?.endsWith(`-${person_id}`))
  if (member === undefined) return null
  if (name?.startsWith('role-')) return <RoleDialog {...{ member, onClose }} />
  return name?.startsWith('remove-') ? <RemoveDialog {...{ member, onClose }} /> : null
}

function MemberRow({ member, onOpen }: { member: Member; onOpen: (name: string) => void }) {
  const here = useHere()
  const self = useSession().person.person_id === member.person_id
  const refused = here.refusal('members:write')
  return (
    <li className="flex items-center justify-between gap-4 px-4 py-3">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          <span className="truncate">{member.name}</span>
          {self && <Badge>{t.members.you}</Badge>}
          {member.two_factor_enabled && <Badge tone="good">{t.members.twoFactor}</Badge>}
        </p>
        <p className="truncate text-xs text-muted">
          {member.email}
          {!self && (
            <>
              {' · '}
              {t.members.lastSeen} <Time at={member.last_seen_at} />
            </>
          )}
        </p>
      </div>
      <div className="flex shrink-0 items-center gap-2">
        <span className="text-[0.8125rem] text-muted">{t.roles.names[member.role]}</span>
        {(self || refused === null) && (
          <Menu
            trigger={
              <button
                type="button"
                aria-label={t.members.more(member.name)}
                className={buttonClasses('quiet', 'icon')}
              >
                <Ellipsis aria-hidden className="size-4" />
              </button>
            }
          >
            {refused === null && (
              <>
                <MenuItem onSelect={() => onOpen(`role-${member.person_id}`)}>
                  {t.members.changeRole}
                </MenuItem>
                <MenuLine />
              </>
            )}
            <MenuItem danger onSelect={() => onOpen(`remove-${member.person_id}`)}>
              {self ? t.members.leave : t.members.remove}
            </MenuItem>
          </Menu>
        )}
      </div>
    </li>
  )
}

function Invitations() {
  const here = useHere()
  const invitations = useQuery(invitationsQuery(here))
  const rows = invitations.data?.invitations ?? []
  return (
    <Panel title={t.members.invitations} flush>
      {invitations.isPending && <Loading lines={2} />}
      {invitations.error && <Failure error={invitations.error} />}
      {invitations.data && rows.length === 0 && (
        <p className="px-4 py-5 text-muted">{t.members.noInvitations}</p>
      )}
      <ul className="divide-y divide-line">
        {rows.map((invitation) => (
          <InvitationRow key={invitation.invitation_id} invitation={invitation} />
        ))}
      </ul>
    </Panel>
  )
}

function InvitationRow({ invitation }: { readonly invitation: Invitation }) {
  const here = useHere()
  const withdraw = useChange({
    change: () =>
      dataOf(
        here.admin.DELETE('/admin/v1/invitations/{invitation_id}', {
          params: { path: { invitation_id: invitation.invitation_id } },
        }),
      ),
    invalidates: ['invitations'],
    done: t.members.withdrawn,
  })
  return (
    <li className="flex items-center justify-between gap-4 px-4 py-3">
      <div className="min-w-0">
        <p className="truncate font-medium">{invitation.email}</p>
        <p className="text-xs text-muted">
          {t.roles.names[invitation.role]} · {t.members.expires} <Time at={invitation.expires_at} />
        </p>
      </div>
      <Button
        size="small"
        busy={withdraw.isPending}
        refused={here.refusal('members:write')}
        onClick={() => withdraw.mutate(undefined)}
      >
        {t.members.withdraw}
      </Button>
    </li>
  )
}

function Roles() {
  const names = ['owner', 'admin', 'developer', 'viewer'] as const
  return (
    <Panel title={t.members.roles} flush>
      <dl className="divide-y divide-line">
        {names.map((role) => (
          <div key={role} className="grid gap-x-4 px-4 py-2.5 sm:grid-cols-[9rem_1fr]">
            <dt className="font-medium">{t.roles.names[role]}</dt>
            <dd className="text-muted">{t.roles.about[role]}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

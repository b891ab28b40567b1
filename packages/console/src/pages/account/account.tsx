/** The person's own: password, second factor, sessions. */

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type OpenSession, people } from '../../api/people.ts'
import { useChange } from '../../state/change.ts'
import { useSession } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, FailureLine, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { PasswordField } from '../../ui/field.tsx'
import { Badge, Facts, Heading, Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { useDialogName } from '../application/dialog-name.ts'
import { NewOrganization } from './new-organization.tsx'
import { SecondFactorPanel } from './second-factor.tsx'

const MIN_PASSWORD_LENGTH = 12

export function Account() {
  const { person, organizations } = useSession()
  const [dialog, open] = useDialogName()
  return (
    <div className="max-w-3xl">
      <Heading title={t.nav.account} about={t.account.about} />
      <div className="flex flex-col gap-6">
        <Panel title={t.account.person} flush>
          <Facts
            rows={[
              [t.fields.name, person.name],
              [
                t.fields.email,
                <span key="email" className="flex flex-wrap items-center gap-2">
                  {person.email}
                  {person.email_verified && <Badge tone="good">{t.account.verified}</Badge>}
                </span>,
              ],
              [
                t.account.organizations,
                <div key="organizations" className="flex flex-col gap-1">
                  {organizations.map(({ org_id, name, role }) => (
                    <div key={org_id}>
                      {name} <span className="text-muted">· {t.roles.names[role]}</span>
                    </div>
                  ))}
                  <Button
                    size="small"
                    className="mt-1 self-start"
                    onClick={() => open('new-organization')}
                  >
                    {t.organizations.create}
                  </Button>
                </div>,
              ],
            ]}
          />
        </Panel>
        <PasswordPanel />
        <SecondFactorPanel />
        <SessionsPanel />
      </div>
      {dialog === 'new-organization' && <NewOrganization onClose={() => open(undefined)} />}
    </div>
  )
}

function PasswordPanel() {
  const change = useChange({
    change: ({ current, next }: { current: string; next: string }) =>
      people.changePassword(current, next),
    invalidates: ['people-sessions'],
    done: t.account.passwordChanged,
  })
  return (
    <Panel title={t.fields.password} about={t.account.passwordAbout}>
      <form
        className="flex max-w-sm flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          const form = event.currentTarget
          const fields = new FormData(form)
          change.mutate(
            { current: String(fields.get('current')), next: String(fields.get('next')) },
            { onSuccess: () => form.reset() },
          )
        }}
      >
        <PasswordField
          label={t.fields.currentPassword}
          name="current"
          autoComplete="current-password"
          required
        />
        <PasswordField
          label={t.fields.newPassword}
          name="next"
          autoComplete="new-password"
          required
          minLength={MIN_PASSWORD_LENGTH}
          hint={t.fields.passwordHint(MIN_PASSWORD_LENGTH)}
        />
        <FailureLine error={change.error} />
        <Button type="submit" className="self-start" busy={change.isPending}>
          {t.account.changePassword}
        </Button>
      </form>
    </Panel>
  )
}

function SessionsPanel() {
  const sessions = useQuery({ queryKey: ['people-sessions'], queryFn: people.sessions })
  const endOthers = useChange({
    change: () => people.endOtherSessions(),
    invalidates: ['people-sessions'],
    done: t.account.othersEnded,
  })
  const rows = sessions.data?.sessions ?? []
  return (
    <Panel
      title={t.account.sessions}
      about={t.account.sessionsAbout}
      flush
      actions={
        <Button
          size="small"
          busy={endOthers.isPending}
          refused={rows.length < 2 ? t.account.noOthers : null}
          onClick={() => endOthers.mutate(undefined)}
        >
          {t.account.endOthers}
        </Button>
      }
    >
      {sessions.isPending && <Loading />}
      {sessions.error && <Failure error={sessions.error} retry={() => sessions.refetch()} />}
      <ul className="divide-y divide-line">
        {rows.map((session) => (
          <SessionRow key={session.session_id} session={session} />
        ))}
      </ul>
    </Panel>
  )
}

function SessionRow({ session }: { readonly session: OpenSession }) {
  const queries = useQueryClient()
  const end = useChange({
    change: () => people.endSession(session.session_id),
    done: t.account.sessionEnded,
    after: () => queries.invalidateQueries({ queryKey: ['people-sessions'] }),
  })
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0">
        <p className="flex flex-wrap items-center gap-2 font-medium">
          {browserOf(session.user_agent)}
          {session.current && <Badge tone="good">{t.account.thisSession}</Badge>}
        </p>
        <p className="text-xs text-muted">
          {session.address ?? t.common.unknown}
          {/* The server notes it seldom, so of this session it is late. */}
          {!session.current && (
            <>
              {' · '}
              {t.account.lastSeen} <Time at={session.last_seen_at} />
            </>
          )}
        </p>
      </div>
      {!session.current && (
        <Button size="small" busy={end.isPending} onClick={() => end.mutate(undefined)}>
          {t.account.end}
        </Button>
      )}
    </li>
  )
}

/** `Firefox on Linux`, as far as the browser says so. */
function browserOf(userAgent: string | null): string {
  if (userAgent === null) return t.common.unknown
  const find = (names: readonly (readonly [RegExp, string])[]): string | undefined =>
    names.find(([pattern]) => pattern.test(userAgent))?.[1]
  const browser = find([
    [/Edg\//, 'Edge'],
    [/Firefox\//, 'Firefox'],
    [/Chrome\//, 'Chrome'],
    [/Safari\//, 'Safari'],
    [/curl\//, 'curl'],
  ])
  const system = find([
    [/Android/, 'Android'],
    [/iPhone|iPad/, 'iOS'],
    [/Windows/, 'Windows'],
    [/Mac OS X/, 'macOS'],
    [/Linux/, 'Linux'],
  ])
  if (browser === undefined) return userAgent.slice(0, 60)
  return system === undefined ? browser : t.account.browserOn(browser, system)
}

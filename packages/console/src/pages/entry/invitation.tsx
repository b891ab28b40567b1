/**
 * An invitation's link: a new account, or an organization more for the account that is signed in.
 */

import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type InvitationOffer, people } from '../../api/people.ts'
import { sessionQuery, useAdoptSession } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, FailureLine, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { Notice } from '../../ui/panel.tsx'
import { EntryCard, EntryForm, LINK } from './card.tsx'
import { useFragmentToken } from './fragment.ts'
import { MailSent } from './mail-sent.tsx'
import { AccountFields, accountFields, useSignUp } from './sign-up.tsx'

export function Invitation() {
  const token = useFragmentToken()
  const offer = useQuery({
    queryKey: ['invitation-offer', token],
    queryFn: () => people.invitation(token ?? ''),
    enabled: token !== null,
    retry: false,
  })
  const session = useQuery(sessionQuery)
  if (token === null)
    return <EntryCard title={t.invitation.title}>{t.invitation.noToken}</EntryCard>
  if (offer.error) {
    return (
      <EntryCard title={t.invitation.title}>
        <Failure error={offer.error} />
      </EntryCard>
    )
  }
  if (offer.data === undefined || session.isPending) {
    return (
      <EntryCard title={t.invitation.title}>
        <Loading />
      </EntryCard>
    )
  }
  const person = session.data?.person
  if (person === undefined) return <NewAccount token={token} offer={offer.data} />
  return <Accept token={token} offer={offer.data} email={person.email} />
}

function About({ offer }: { readonly offer: InvitationOffer }) {
  return <>{t.invitation.about(offer.organization_name, t.roles.names[offer.role])}</>
}

function NewAccount({ token, offer }: { token: string; offer: InvitationOffer }) {
  const signUp = useSignUp()
  if (signUp.data !== undefined && 'verification' in signUp.data) {
    return <MailSent email={offer.email} />
  }
  return (
    <EntryCard
      title={t.invitation.join(offer.organization_name)}
      about={<About offer={offer} />}
      below={
        <>
          {t.signUp.haveAccount}{' '}
          <Link to="/sign-in" search={{ next: '/invitation' }} className={LINK}>
            {t.signIn.title}
          </Link>
        </>
      }
    >
      <EntryForm
        submit={t.invitation.submit}
        busy={signUp.isPending}
        error={signUp.error}
        onSubmit={(fields) => signUp.mutate({ ...accountFields(fields), invitation: token })}
      >
        <AccountFields email={offer.email} />
      </EntryForm>
    </EntryCard>
  )
}

function Accept(props: { token: string; offer: InvitationOffer; email: string }) {
  const { token, offer, email } = props
  const adopt = useAdoptSession()
  const navigate = useNavigate()
  const accept = useMutation({
    mutationFn: () => people.acceptInvitation(token),
    onSuccess: (session) => {
      adopt(session)
      void navigate({ to: '/' })
    },
  })
  const other = email.toLowerCase() !== offer.email.toLowerCase()
  return (
    <EntryCard title={t.invitation.join(offer.organization_name)} about={<About offer={offer} />}>
      <div className="flex flex-col gap-4">
        {other && <Notice tone="warn">{t.invitation.otherPerson(offer.email, email)}</Notice>}
        <FailureLine error={accept.error} />
        <Button
          look="primary"
          size="large"
          busy={accept.isPending}
          refused={other ? t.invitation.otherPerson(offer.email, email) : null}
          onClick={() => accept.mutate()}
        >
          {t.invitation.accept}
        </Button>
      </div>
    </EntryCard>
  )
}

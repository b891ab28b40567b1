/** The account of a person, with their organization. */

import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { people, type Session, type SignUpInput } from '../../api/people.ts'
import { homeOf, useAdoptSession } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { PasswordField, TextField } from '../../ui/field.tsx'
import { EntryCard, EntryForm, LINK, textOf } from './card.tsx'
import { MailSent } from './mail-sent.tsx'

export const MIN_PASSWORD_LENGTH = 12

export function SignUp() {
  const mode = useQuery({ queryKey: ['sign-up'], queryFn: people.signUpMode })
  const signUp = useSignUp()
  const haveAccount = (
    <>
      {t.signUp.haveAccount}{' '}
      <Link to="/sign-in" className={LINK}>
        {t.signIn.title}
      </Link>
    </>
  )
  if (signUp.data !== undefined && 'verification' in signUp.data) {
    return <MailSent email={signUp.variables.email} />
  }
  if (mode.data === undefined) {
    return (
      <EntryCard title={t.signUp.title}>
        {mode.error ? <Failure error={mode.error} retry={() => mode.refetch()} /> : <Loading />}
      </EntryCard>
    )
  }
  if (mode.data.mode === 'invitation') {
    return (
      <EntryCard title={t.signUp.byInvitation} about={t.signUp.byInvitationAbout}>
        <p className="text-center">{haveAccount}</p>
      </EntryCard>
    )
  }
  const { setup_code_required: needsCode } = mode.data
  return (
    <EntryCard
      title={t.signUp.title}
      about={mode.data.mode === 'first' ? t.signUp.first : t.signUp.open}
      below={haveAccount}
    >
      <EntryForm
        submit={t.signUp.submit}
        busy={signUp.isPending}
        error={signUp.error}
        onSubmit={(fields) =>
          signUp.mutate({
            ...accountFields(fields),
            organization_name: textOf(fields, 'organization'),
            ...(needsCode && { setup_code: textOf(fields, 'setup_code').trim() }),
          })
        }
      >
        <AccountFields />
        <TextField
          label={t.fields.organization}
          name="organization"
          autoComplete="organization"
          required
          maxLength={200}
          hint={t.signUp.organizationHint}
        />
        {needsCode && (
          <TextField
            label={t.fields.setupCode}
            name="setup_code"
            mono
            required
            autoComplete="off"
            hint={t.signUp.setupCodeHint}
          />
        )}
      </EntryForm>
    </EntryCard>
  )
}

export function useSignUp() {
  const begin = useBegin()
  return useMutation({
    mutationFn: (input: SignUpInput) => people.signUp(input),
    onSuccess: (answer) => {
      if (!('verification' in answer)) begin(answer)
    },
  })
}

/** Leads the owner of a new organization to the first minute, and those invited to the page. */
export function useBegin(): (session: Session) => void {
  const adopt = useAdoptSession()
  const navigate = useNavigate()
  return (session) => {
    adopt(session)
    const place = homeOf(session)
    const isOwner = session.organizations.some(({ role }) => role === 'owner')
    if (place === null || !isOwner) {
      void navigate({ to: '/' })
      return
    }
    const params = { org: place.org_id, environment: place.environment }
    void navigate({ to: '/$org/$environment/start', params })
  }
}

export function accountFields(fields: FormData) {
  return {
    name: textOf(fields, 'name').trim(),
    email: textOf(fields, 'email').trim(),
    password: textOf(fields, 'password'),
  }
}

/** @param email of an invitation, which cannot be changed. */
export function AccountFields({ email }: { readonly email?: string }) {
  return (
    <>
      <TextField
        label={t.fields.name}
        name="name"
        autoComplete="name"
        required
        maxLength={200}
        autoFocus
      />
      <TextField
        label={t.fields.email}
        name="email"
        type="email"
        autoComplete="username"
        required
        {...(email !== undefined && { value: email, readOnly: true })}
      />
      <PasswordField
        label={t.fields.password}
        name="password"
        autoComplete="new-password"
        required
        minLength={MIN_PASSWORD_LENGTH}
        hint={t.fields.passwordHint(MIN_PASSWORD_LENGTH)}
      />
    </>
  )
}

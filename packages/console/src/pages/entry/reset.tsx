/** Without a token: asks for the mail. With the link's token: sets a new password. */

import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { people } from '../../api/people.ts'
import { t } from '../../texts/index.ts'
import { PasswordField, TextField } from '../../ui/field.tsx'
import { Notice } from '../../ui/panel.tsx'
import { EntryCard, EntryForm, LINK, textOf } from './card.tsx'
import { useFragmentToken } from './fragment.ts'
import { MIN_PASSWORD_LENGTH } from './sign-up.tsx'

export function ResetPassword() {
  const token = useFragmentToken()
  return token === null ? <RequestReset /> : <NewPassword token={token} />
}

const toSignIn = () => (
  <Link to="/sign-in" className={LINK}>
    {t.reset.toSignIn}
  </Link>
)

function RequestReset() {
  const request = useMutation({ mutationFn: people.requestReset })
  return (
    <EntryCard title={t.reset.title} about={t.reset.about} below={toSignIn()}>
      {request.isSuccess ? (
        <Notice tone="good">{t.reset.sent}</Notice>
      ) : (
        <EntryForm
          submit={t.reset.request}
          busy={request.isPending}
          error={request.error}
          onSubmit={(fields) => request.mutate(textOf(fields, 'email').trim())}
        >
          <TextField
            label={t.fields.email}
            name="email"
            type="email"
            autoComplete="username"
            required
            hint={t.reset.withoutMail}
          />
        </EntryForm>
      )}
    </EntryCard>
  )
}

function NewPassword({ token }: { readonly token: string }) {
  const reset = useMutation({ mutationFn: (next: string) => people.resetPassword(token, next) })
  return (
    <EntryCard title={t.reset.newTitle} about={t.reset.newAbout} below={toSignIn()}>
      {reset.isSuccess ? (
        <Notice tone="good">{t.reset.done}</Notice>
      ) : (
        <EntryForm
          submit={t.reset.submit}
          busy={reset.isPending}
          error={reset.error}
          onSubmit={(fields) => reset.mutate(textOf(fields, 'password'))}
        >
          <PasswordField
            label={t.fields.newPassword}
            name="password"
            autoComplete="new-password"
            required
            minLength={MIN_PASSWORD_LENGTH}
            hint={t.fields.passwordHint(MIN_PASSWORD_LENGTH)}
          />
        </EntryForm>
      )}
    </EntryCard>
  )
}

/**
 * Confirms an e-mail address with the token of a link and the account's password, since a stranger
 * may have signed up with the address. The form also keeps mail scanners from using the token up.
 */

import { useMutation } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { people } from '../../api/people.ts'
import { t } from '../../texts/index.ts'
import { PasswordField } from '../../ui/field.tsx'
import { EntryCard, EntryForm, LINK, textOf } from './card.tsx'
import { useFragmentToken } from './fragment.ts'
import { useBegin } from './sign-up.tsx'

export function VerifyEmail() {
  const token = useFragmentToken()
  const begin = useBegin()
  const navigate = useNavigate()
  const verify = useMutation({
    mutationFn: (entered: { token: string; password: string }) =>
      people.verifyEmail(entered.token, entered.password),
    onSuccess: (answer) => ('sign_in' in answer ? navigate({ to: '/sign-in' }) : begin(answer)),
  })
  return (
    <EntryCard
      title={t.verify.title}
      about={token === null ? t.verify.noToken : t.verify.about}
      below={
        <Link to="/sign-in" className={LINK}>
          {t.signIn.title}
        </Link>
      }
    >
      {token !== null && (
        <EntryForm
          submit={t.verify.submit}
          busy={verify.isPending}
          error={verify.error}
          onSubmit={(fields) => verify.mutate({ token, password: textOf(fields, 'password') })}
        >
          <PasswordField
            label={t.fields.password}
            name="password"
            autoComplete="current-password"
            required
          />
          <div className="-mt-2 text-right text-xs">
            <Link to="/reset-password" className={LINK}>
              {t.signIn.forgot}
            </Link>
          </div>
        </EntryForm>
      )}
    </EntryCard>
  )
}

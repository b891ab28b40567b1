/** E-mail and password, then the second factor where there is one. */

import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { people, type Session } from '../../api/people.ts'
import { Refusal } from '../../api/refusal.ts'
import { useAdoptSession } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { FailureLine } from '../../ui/answers.tsx'
import { PasswordField, TextField } from '../../ui/field.tsx'
import { EntryCard, EntryForm, LINK, textOf } from './card.tsx'

export function SignIn() {
  const [secondFactor, setSecondFactor] = useState(false)
  const enter = useEnter()
  const signIn = useMutation({
    mutationFn: ({ email, password }: { email: string; password: string }) =>
      people.signIn(email, password),
    onSuccess: (answer) => {
      if ('two_factor' in answer) setSecondFactor(true)
      else void enter(answer)
    },
  })
  const mode = useQuery({ queryKey: ['sign-up'], queryFn: people.signUpMode })
  if (secondFactor) return <SecondFactor onDone={enter} onBack={() => setSecondFactor(false)} />
  const open = mode.data !== undefined && mode.data.mode !== 'invitation'
  return (
    <EntryCard
      title={t.signIn.title}
      below={
        open && (
          <>
            {mode.data?.mode === 'first' ? t.signIn.first : t.signIn.noAccount}{' '}
            <Link to="/sign-up" className={LINK}>
              {t.signUp.title}
            </Link>
          </>
        )
      }
    >
      <EntryForm
        submit={t.signIn.submit}
        busy={signIn.isPending}
        error={isWrong(signIn.error) ? null : signIn.error}
        onSubmit={(fields) =>
          signIn.mutate({ email: textOf(fields, 'email'), password: textOf(fields, 'password') })
        }
      >
        <TextField
          label={t.fields.email}
          name="email"
          type="email"
          autoComplete="username"
          required
          autoFocus
        />
        <PasswordField
          label={t.fields.password}
          name="password"
          autoComplete="current-password"
          required
          fault={isWrong(signIn.error) ? t.signIn.wrong : null}
        />
        <div className="-mt-2 text-right text-xs">
          <Link to="/reset-password" className={LINK}>
            {t.signIn.forgot}
          </Link>
        </div>
      </EntryForm>
      {mode.error && (
        <div className="mt-4">
          <FailureLine error={mode.error} />
        </div>
      )}
    </EntryCard>
  )
}

/** The same words for an unknown address and a wrong password. */
function isWrong(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'invalid_credentials'
}

function isWrongCode(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'invalid_code'
}

/** Adopts the session and goes where the reader wanted to go. */
export function useEnter(): (session: Session) => Promise<void> {
  const adopt = useAdoptSession()
  const navigate = useNavigate()
  const { history } = useRouter()
  const { next } = useSearch({ strict: false })
  return async (session) => {
    adopt(session)
    if (next === undefined) await navigate({ to: '/' })
    else history.push(`/console${next}`)
  }
}

function SecondFactor(props: { onDone: (session: Session) => Promise<void>; onBack: () => void }) {
  const [backup, setBackup] = useState(false)
  const confirm = useMutation({
    mutationFn: (code: string) =>
      people.secondFactor(backup ? { backup_code: code } : { code: code.replaceAll(' ', '') }),
    onSuccess: props.onDone,
  })
  return (
    <EntryCard
      title={t.secondFactor.title}
      about={backup ? t.secondFactor.aboutBackup : t.secondFactor.about}
      below={
        <button type="button" className={LINK} onClick={props.onBack}>
          {t.common.back}
        </button>
      }
    >
      <EntryForm
        submit={t.secondFactor.submit}
        busy={confirm.isPending}
        error={isWrongCode(confirm.error) ? null : confirm.error}
        onSubmit={(fields) => confirm.mutate(textOf(fields, 'code').trim())}
      >
        <TextField
          key={String(backup)}
          label={backup ? t.secondFactor.backupCode : t.secondFactor.code}
          name="code"
          mono
          inputMode={backup ? 'text' : 'numeric'}
          autoComplete="one-time-code"
          required
          autoFocus
          fault={isWrongCode(confirm.error) ? t.secondFactor.wrong : null}
        />
        <button
          type="button"
          className={`${LINK} self-start text-xs`}
          onClick={() => setBackup(!backup)}
        >
          {backup ? t.secondFactor.useCode : t.secondFactor.useBackup}
        </button>
      </EntryForm>
    </EntryCard>
  )
}

/** Turns the second factor on and off. The QR code is drawn here; nothing is sent to draw it. */

import { useState } from 'react'
import { encode } from 'uqr'
import { people } from '../../api/people.ts'
import { useChange } from '../../state/change.ts'
import { useSession } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Button } from '../../ui/button.tsx'
import { Code } from '../../ui/code.tsx'
import { Value } from '../../ui/copy.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { CheckField, PasswordField, TextField } from '../../ui/field.tsx'
import { Badge, Panel } from '../../ui/panel.tsx'
import { useDialogName } from '../application/dialog-name.ts'

export function SecondFactorPanel() {
  const { two_factor_enabled: on } = useSession().person
  const [name, open] = useDialogName()
  const onClose = () => open(undefined)
  return (
    <>
      <Panel
        title={
          <span className="flex items-center gap-2">
            {t.twoFactor.title}
            <Badge tone={on ? 'good' : 'neutral'}>{on ? t.common.on : t.common.off}</Badge>
          </span>
        }
        about={t.twoFactor.about}
        actions={
          <Button size="small" onClick={() => open(on ? 'second-factor-off' : 'second-factor-on')}>
            {on ? t.twoFactor.turnOff : t.twoFactor.turnOn}
          </Button>
        }
      />
      {name === 'second-factor-on' && !on && <TurnOn onClose={onClose} />}
      {name === 'second-factor-off' && on && <TurnOff onClose={onClose} />}
    </>
  )
}

interface Enrolment {
  readonly totp_uri: string
  readonly backup_codes: readonly string[]
}

function TurnOn({ onClose }: { readonly onClose: () => void }) {
  const [password, setPassword] = useState('')
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null)
  const start = useChange({
    change: () => people.startTwoFactor(password),
    after: (answer) => {
      setEnrolment(answer)
      setPassword('')
    },
  })
  if (enrolment !== null) return <Confirm enrolment={enrolment} onClose={onClose} />
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.twoFactor.turnOnTitle}
      about={t.twoFactor.passwordFirst}
    >
      <DialogForm
        submit={t.common.next}
        busy={start.isPending}
        error={start.error}
        onSubmit={() => start.mutate(undefined)}
        onCancel={onClose}
      >
        <PasswordField
          label={t.fields.password}
          autoComplete="current-password"
          required
          value={password}
          onChange={({ target }) => setPassword(target.value)}
        />
      </DialogForm>
    </Dialog>
  )
}

function Confirm({ enrolment, onClose }: { enrolment: Enrolment; onClose: () => void }) {
  const [code, setCode] = useState('')
  const [saved, setSaved] = useState(false)
  const confirm = useChange({
    change: () => people.confirmTwoFactor(code.replaceAll(' ', '')),
    invalidates: ['session'],
    done: t.twoFactor.isOn,
    after: onClose,
  })
  const secret = new URL(enrolment.totp_uri).searchParams.get('secret') ?? ''
  return (
    <Dialog open onClose={onClose} title={t.twoFactor.turnOnTitle} about={t.twoFactor.scan}>
      <DialogForm
        submit={t.twoFactor.confirm}
        busy={confirm.isPending}
        error={confirm.error}
        refused={saved ? null : t.twoFactor.saveFirst}
        onSubmit={() => confirm.mutate(undefined)}
        onCancel={onClose}
      >
        <QrCode text={enrolment.totp_uri} />
        <div className="rounded-md border border-line bg-sunken px-3 py-1">
          <Value text={secret} label={t.twoFactor.secret} secret />
        </div>
        <div className="flex flex-col gap-2">
          <p className="text-[0.8125rem] font-medium">{t.twoFactor.backupCodes}</p>
          <p className="text-xs text-muted">{t.twoFactor.backupAbout}</p>
          <Code text={enrolment.backup_codes.join('\n')} label={t.twoFactor.backupCodes} />
          <CheckField
            label={t.twoFactor.saved}
            checked={saved}
            onChange={({ target }) => setSaved(target.checked)}
          />
        </div>
        <TextField
          label={t.secondFactor.code}
          mono
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          value={code}
          onChange={({ target }) => setCode(target.value)}
        />
      </DialogForm>
    </Dialog>
  )
}

function TurnOff({ onClose }: { readonly onClose: () => void }) {
  const [password, setPassword] = useState('')
  const disable = useChange({
    change: () => people.disableTwoFactor(password),
    invalidates: ['session'],
    done: t.twoFactor.isOff,
    after: onClose,
  })
  return (
    <Dialog open onClose={onClose} title={t.twoFactor.turnOffTitle} about={t.twoFactor.offAbout}>
      <DialogForm
        submit={t.twoFactor.turnOff}
        look="danger"
        busy={disable.isPending}
        error={disable.error}
        onSubmit={() => disable.mutate(undefined)}
        onCancel={onClose}
      >
        <PasswordField
          label={t.fields.password}
          autoComplete="current-password"
          required
          value={password}
          onChange={({ target }) => setPassword(target.value)}
        />
      </DialogForm>
    </Dialog>
  )
}

function QrCode({ text }: { readonly text: string }) {
  const { data, size } = encode(text, { border: 2 })
  const path = data
    .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')))
    .join('')
  return (
    <svg
      role="img"
      aria-label={t.twoFactor.qr}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      className="mx-auto size-44 rounded-md bg-white"
    >
      <path d={path} fill="#000" />
    </svg>
  )
}

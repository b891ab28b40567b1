/** Another organization of the person, or who creates one where persons may not. */

import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { people } from '../../api/people.ts'
import { useChange } from '../../state/change.ts'
import { useAdoptSession, useSession } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { Code, Twins } from '../../ui/code.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { miotOf } from '../../ui/shell-words.ts'

interface Props {
  readonly onClose: () => void
}

export function NewOrganization({ onClose }: Props) {
  const { data, error, refetch } = useQuery({
    queryKey: ['sign-up-mode'],
    queryFn: people.signUpMode,
  })
  if (data?.mode === 'open') return <Create onClose={onClose} />
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.organizations.createTitle}
      about={data && t.organizations.closed}
    >
      {error && <Failure error={error} retry={() => refetch()} />}
      {data === undefined ? !error && <Loading lines={2} /> : <ByOperator onClose={onClose} />}
    </Dialog>
  )
}

function ByOperator({ onClose }: Props) {
  return (
    <div className="flex flex-col gap-4">
      <Code text={useTwin(t.organizations.example)} label="miot" />
      <div className="flex justify-end">
        <Button onClick={onClose}>{t.common.close}</Button>
      </div>
    </div>
  )
}

/** The operator's commands: `miot orgs create` alone makes no owner. */
function useTwin(name: string): string {
  const { email } = useSession().person
  return [
    miotOf('orgs', 'create', '--name', name),
    miotOf('people', 'invite', '--email', email, '--role', 'owner', '--org', 'ORG_ID'),
  ].join('\n')
}

function Create({ onClose }: Props) {
  const { organizations } = useSession()
  const adopt = useAdoptSession()
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const twin = useTwin(name.trim() || t.organizations.example)
  const create = useChange({
    change: () => people.createOrganization(name.trim()),
    done: t.organizations.created(name.trim()),
    async after(session) {
      const known = new Set(organizations.map(({ org_id }) => org_id))
      const made = session.organizations.find(({ org_id }) => !known.has(org_id))
      adopt(session)
      if (made === undefined) return onClose()
      const params = { org: made.org_id, environment: 'development' }
      await navigate({ to: '/$org/$environment/start', params, replace: true })
    },
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.organizations.createTitle}
      about={t.organizations.createAbout}
    >
      <DialogForm
        submit={t.organizations.createTitle}
        busy={create.isPending}
        error={create.error}
        onSubmit={() => create.mutate(undefined)}
        onCancel={onClose}
      >
        <TextField
          label={t.fields.name}
          required
          autoComplete="off"
          value={name}
          onChange={({ target }) => setName(target.value)}
        />
        <Twins miot={twin} />
      </DialogForm>
    </Dialog>
  )
}

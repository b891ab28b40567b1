/** A new application, and its credentials once. */

import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Audience } from '../../api/admin.ts'
import { audiencesQuery, preferredAudience } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, Loading } from '../../ui/answers.tsx'
import { Twins } from '../../ui/code.tsx'
import { Dialog, DialogForm } from '../../ui/dialog.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { tagsOf } from '../../ui/tags.ts'
import { type Created, useCreateApplication } from './create.ts'
import { SecretOnce } from './secret-once.tsx'
import { createTwins } from './twins.ts'

export function CreateDialog({ onClose }: { readonly onClose: () => void }) {
  const here = useHere()
  const navigate = useNavigate()
  const audiences = useQuery(audiencesQuery(here))
  const [created, setCreated] = useState<Created | null>(null)
  if (created !== null) {
    const { client, client_secret, audience } = created
    return (
      <SecretOnce
        title={t.credentials.title(client.name)}
        name={client.name}
        client_id={client.client_id}
        client_secret={client_secret}
        audience={audience}
        onDone={() =>
          void navigate({
            to: '/$org/$environment/applications/$client_id',
            params: {
              org: here.org_id,
              environment: here.environment,
              client_id: client.client_id,
            },
          })
        }
      />
    )
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t.applications.create}
      about={t.applications.createAbout(t.environments[here.environment])}
    >
      {audiences.isPending && <Loading />}
      {audiences.error && <Failure error={audiences.error} />}
      {audiences.data && (
        <Form audiences={audiences.data} onClose={onClose} onCreated={setCreated} />
      )}
    </Dialog>
  )
}

function Form(props: {
  readonly audiences: readonly Audience[]
  readonly onClose: () => void
  readonly onCreated: (created: Created) => void
}) {
  const { environment, refusal } = useHere()
  const [name, setName] = useState('')
  const [audience, setAudience] = useState(() => preferredAudience(props.audiences))
  const [tagText, setTagText] = useState('')
  const [external_id, setExternalId] = useState('')
  const create = useCreateApplication(props.onCreated)
  const tags = tagsOf(tagText)
  const input = { name: name.trim(), audience, tags, external_id: external_id.trim() }
  return (
    <DialogForm
      submit={t.applications.create}
      busy={create.isPending}
      error={create.error}
      refused={refusal('clients:write')}
      onSubmit={() => create.mutate(input)}
      onCancel={props.onClose}
    >
      <TextField
        label={t.fields.applicationName}
        required
        maxLength={200}
        value={name}
        placeholder={t.applications.namePlaceholder}
        onChange={({ target }) => setName(target.value)}
      />
      <SelectField
        label={t.fields.audience}
        hint={t.applications.audienceHint}
        value={audience}
        onChange={({ target }) => setAudience(target.value)}
      >
        {props.audiences.map((one) => (
          <option key={one.audience}>{one.audience}</option>
        ))}
      </SelectField>
      <TextField
        label={t.fields.tags}
        hint={t.applications.tagsHint}
        value={tagText}
        onChange={({ target }) => setTagText(target.value)}
      />
      <TextField
        label={t.fields.externalId}
        hint={t.applications.externalIdHint}
        maxLength={200}
        value={external_id}
        onChange={({ target }) => setExternalId(target.value)}
      />
      <Twins {...createTwins({ ...input, environment })} />
    </DialogForm>
  )
}

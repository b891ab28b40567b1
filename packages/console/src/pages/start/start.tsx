/**
 * The first minute: an application with its four credentials, ready to paste, and a panel that
 * turns green at its first token and its first kept report.
 *
 * The secret is in the state of this page alone, and gone when the reader leaves it.
 */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Client } from '../../api/admin.ts'
import { audiencesQuery, preferredAudience } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Failure, FailureLine, Loading } from '../../ui/answers.tsx'
import { Button, buttonClasses } from '../../ui/button.tsx'
import { Twins } from '../../ui/code.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { Heading, Panel } from '../../ui/panel.tsx'
import { type Created, useCreateApplication } from '../applications/create.ts'
import { createTwins } from '../applications/twins.ts'
import { Credentials } from './credentials.tsx'
import { Waiting } from './waiting.tsx'

export function Start() {
  const [created, setCreated] = useState<Created | null>(null)
  return (
    <div className="max-w-4xl">
      <Heading title={t.start.title} about={t.start.about} />
      <div className="flex flex-col gap-6">
        {created === null ? <CreateFirst onCreated={setCreated} /> : <Ready created={created} />}
      </div>
    </div>
  )
}

function Ready({ created }: { readonly created: Created }) {
  return (
    <>
      <Credentials created={created} />
      <Waiting client={created.client as Client} />
    </>
  )
}

function CreateFirst({ onCreated }: { readonly onCreated: (created: Created) => void }) {
  const here = useHere()
  const audiences = useQuery(audiencesQuery(here))
  const [name, setName] = useState<string>(t.start.firstName)
  const [audience, setAudience] = useState<string | null>(null)
  const create = useCreateApplication(onCreated)
  if (audiences.error) return <Failure error={audiences.error} retry={() => audiences.refetch()} />
  if (audiences.data === undefined) return <Loading />
  const chosen = audience ?? preferredAudience(audiences.data)
  const twins = createTwins({ name, audience: chosen, environment: here.environment })
  return (
    <Panel
      title={t.start.createTitle}
      about={t.start.createAbout(t.environments[here.environment])}
    >
      <form
        className="flex max-w-lg flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          if (!create.isPending) create.mutate({ name: name.trim(), audience: chosen })
        }}
      >
        <TextField
          label={t.fields.applicationName}
          required
          maxLength={200}
          value={name}
          onChange={({ target }) => setName(target.value)}
          onFocus={({ target }) => target.select()}
          autoFocus
        />
        {audiences.data.length > 1 && (
          <SelectField
            label={t.fields.audience}
            value={chosen}
            onChange={({ target }) => setAudience(target.value)}
          >
            {audiences.data.map((one) => (
              <option key={one.audience}>{one.audience}</option>
            ))}
          </SelectField>
        )}
        <FailureLine error={create.error} />
        <div className="flex flex-wrap items-center gap-2">
          <Button
            type="submit"
            look="primary"
            size="large"
            busy={create.isPending}
            refused={here.refusal('clients:write')}
          >
            {t.start.create}
          </Button>
          <Link
            to="/$org/$environment/applications"
            params={{ org: here.org_id, environment: here.environment }}
            className={buttonClasses('quiet', 'large')}
          >
            {t.start.toList}
          </Link>
        </div>
        <Twins {...twins} />
      </form>
    </Panel>
  )
}

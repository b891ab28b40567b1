/** A login with typed credentials, for a token to look at. */

import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { toast } from 'sonner'
import { Refusal } from '../../api/refusal.ts'
import { RefusalExplained } from '../../refusals/explained.tsx'
import { useLatestRefusal } from '../../refusals/latest.ts'
import { t } from '../../texts/index.ts'
import { FailureLine } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { PasswordField, TextField } from '../../ui/field.tsx'
import { Panel } from '../../ui/panel.tsx'
import { mintToken } from './server.ts'

export function Mint(props: {
  readonly audience: string
  readonly onMinted: (token: string) => void
}) {
  const { audience, onMinted } = props
  const [client_id, setClientId] = useState('')
  const [client_secret, setSecret] = useState('')
  const [since, setSince] = useState<string | null>(null)
  const mint = useMutation({
    mutationFn: mintToken,
    gcTime: 0,
    onMutate: () => setSince(new Date(Date.now() - 1000).toISOString()),
    onSuccess: (token) => {
      onMinted(token)
      toast.success(t.tokenLab.minted)
    },
  })
  const refused = mint.error instanceof Refusal && mint.error.status !== 0 ? mint.error : null
  return (
    <Panel title={t.tokenLab.mint} about={t.tokenLab.mintAbout}>
      <form
        className="flex flex-col gap-4"
        autoComplete="off"
        onSubmit={(event) => {
          event.preventDefault()
          if (!mint.isPending) mint.mutate({ client_id: client_id.trim(), client_secret, audience })
        }}
      >
        <TextField
          label="client_id"
          required
          mono
          autoComplete="off"
          spellCheck={false}
          value={client_id}
          onChange={({ target }) => setClientId(target.value)}
        />
        <PasswordField
          label={t.tokenLab.secret}
          required
          autoComplete="new-password"
          spellCheck={false}
          value={client_secret}
          onChange={({ target }) => setSecret(target.value)}
        />
        {refused === null ? (
          <FailureLine error={mint.error} />
        ) : (
          <Refused refusal={refused} client_id={client_id.trim()} since={since ?? ''} />
        )}
        <div>
          <Button type="submit" look="primary" busy={mint.isPending}>
            {t.tokenLab.mintButton}
          </Button>
        </div>
      </form>
    </Panel>
  )
}

/** The answer of a login names no cause; the kept refusal does, a moment later. */
function Refused(props: { refusal: Refusal; client_id: string; since: string }) {
  const { refusal, client_id, since } = props
  const kept = useLatestRefusal(client_id, since)
  if (kept !== null) return <RefusalExplained refusal={kept} />
  return (
    <p role="alert" className="text-[0.8125rem] text-bad">
      {t.tokenLab.mintRefused}: {refusal.message}
    </p>
  )
}

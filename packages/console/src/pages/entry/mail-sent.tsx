import { useMutation } from '@tanstack/react-query'
import { people } from '../../api/people.ts'
import { t } from '../../texts/index.ts'
import { FailureLine } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { EntryCard } from './card.tsx'

/** After a sign-up that has to be confirmed by mail. */
export function MailSent({ email }: { readonly email: string }) {
  const again = useMutation({ mutationFn: () => people.sendVerification(email) })
  return (
    <EntryCard title={t.verify.sentTitle} about={t.verify.sent(email)}>
      <FailureLine error={again.error} />
      <Button
        className="w-full"
        busy={again.isPending}
        onClick={() => again.mutate()}
        refused={again.isSuccess ? t.verify.sentAgain : null}
      >
        {again.isSuccess ? t.verify.sentAgain : t.verify.again}
      </Button>
    </EntryCard>
  )
}

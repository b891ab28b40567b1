/** What to do while there is no asset yet. */

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { MapPinned } from 'lucide-react'
import { audiencesQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Empty } from '../../ui/answers.tsx'
import { buttonClasses } from '../../ui/button.tsx'
import { Code } from '../../ui/code.tsx'
import { Panel } from '../../ui/panel.tsx'
import { SNIPPETS } from '../start/snippets.ts'

export function FirstReport() {
  const here = useHere()
  const audiences = useQuery(audiencesQuery(here))
  const api = audiences.data?.find(({ scopes }) => scopes.includes('asset:track:write'))
  const curl = SNIPPETS.find(([name]) => name === 'curl')?.[1]
  const text = curl?.({
    origin: location.origin,
    client_id: 'YOUR_CLIENT_ID',
    client_secret: 'YOUR_CLIENT_SECRET',
    audience: api?.audience ?? 'YOUR_AUDIENCE',
  })
  return (
    <Panel flush>
      <Empty
        icon={MapPinned}
        title={t.assets.none}
        about={t.assets.noneAbout(t.environments[here.environment])}
        actions={
          <Link
            to="/$org/$environment/start"
            params={{ org: here.org_id, environment: here.environment }}
            className={buttonClasses('primary')}
          >
            {t.nav.start}
          </Link>
        }
      >
        <div className="mt-5 w-full max-w-xl text-left">
          {text !== undefined && <Code text={text} label={t.assets.firstReport} />}
        </div>
      </Empty>
    </Panel>
  )
}

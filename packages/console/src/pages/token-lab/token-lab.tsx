/**
 * Token lab: a token is decoded and verified in the page, and each check of the API is shown.
 *
 * Token and secret are in the state of this page alone, and gone when the reader leaves it.
 */

import { useQuery } from '@tanstack/react-query'
import { FlaskConical, Lock } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { Audience } from '../../api/admin.ts'
import { audiencesQuery } from '../../state/queries.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { Empty, Failure, Loading } from '../../ui/answers.tsx'
import { Button } from '../../ui/button.tsx'
import { classes } from '../../ui/classes.ts'
import { Field, INPUT, SelectField, TextField } from '../../ui/field.tsx'
import { Heading, Panel } from '../../ui/panel.tsx'
import { checkToken, type Report } from './check.ts'
import { tokenIn } from './decode.ts'
import { Mint } from './mint.tsx'
import { parseAddress } from './ranges.ts'
import { DecodedToken, Verdict } from './report.tsx'
import { type Published, publishedQuery } from './server.ts'

export function TokenLab() {
  const here = useHere()
  const refused = here.refusal('audiences:read')
  const audiences = useQuery({ ...audiencesQuery(here), enabled: refused === null })
  const published = useQuery(publishedQuery)
  const error = audiences.error ?? published.error
  const retry = (): void => {
    void audiences.refetch()
    void published.refetch()
  }
  return (
    <>
      <Heading title={t.nav.tokenLab} about={t.tokenLab.about} />
      {refused !== null ? (
        <Panel>
          <Empty icon={Lock} title={t.failures.forbiddenTitle} about={refused} />
        </Panel>
      ) : error ? (
        <Failure error={error} retry={retry} />
      ) : audiences.data === undefined || published.data === undefined ? (
        <Loading lines={8} />
      ) : audiences.data.length === 0 ? (
        <Empty icon={FlaskConical} title={t.tokenLab.noAudiences} />
      ) : (
        <Lab audiences={audiences.data} published={published.data} />
      )}
    </>
  )
}

const WRITE = 'asset:track:write'

function Lab(props: { audiences: readonly Audience[]; published: Published }) {
  const { audiences, published } = props
  const preferred = audiences.find(({ scopes }) => scopes.includes(WRITE)) ?? audiences[0]
  const [text, setText] = useState('')
  const [audience, setAudience] = useState(preferred?.audience ?? '')
  const [scope, setScope] = useState(preferred?.scopes.includes(WRITE) ? WRITE : '')
  const [address, setAddress] = useState('')
  const chosen = audiences.find((one) => one.audience === audience) ?? preferred
  const known = address.trim() === '' || parseAddress(address) !== null
  const report = useReport(tokenIn(text), published, {
    audience,
    typ: String(chosen?.token_typ ?? 'at+jwt'),
    scope: scope || null,
    address: address.trim() !== '' && known ? address.trim() : null,
  })
  return (
    // On a phone the verdict follows the token; beside them is the minting.
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-6 lg:grid-cols-2 lg:grid-rows-[auto_1fr]">
      <div className="min-w-0">
        <Panel
          title={t.tokenLab.pasteTitle}
          actions={
            text !== '' && (
              <Button size="small" onClick={() => setText('')}>
                {t.tokenLab.clear}
              </Button>
            )
          }
        >
          <div className="flex flex-col gap-4">
            <Field
              label={t.tokenLab.paste}
              hint={t.tokenLab.pasteHint}
              control={(control) => (
                <textarea
                  {...control}
                  rows={6}
                  value={text}
                  spellCheck={false}
                  autoComplete="off"
                  onChange={({ target }) => setText(target.value)}
                  className={classes(INPUT, 'h-auto py-2 font-mono text-xs wrap-anywhere')}
                />
              )}
            />
            <SelectField
              label={t.tokenLab.audience}
              value={audience}
              onChange={({ target }) => {
                const next = audiences.find((one) => one.audience === target.value)
                setAudience(target.value)
                setScope(next?.scopes.includes(scope) ? scope : '')
              }}
            >
              {audiences.map((one) => (
                <option key={one.audience}>{one.audience}</option>
              ))}
            </SelectField>
            <div className="grid gap-4 sm:grid-cols-2">
              <SelectField
                label={t.tokenLab.scope}
                value={scope}
                onChange={({ target }) => setScope(target.value)}
              >
                <option value="">{t.tokenLab.anyScope}</option>
                {chosen?.scopes.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </SelectField>
              <TextField
                label={t.tokenLab.address}
                hint={t.tokenLab.addressHint}
                fault={known ? null : t.tokenLab.addressFault}
                placeholder="203.0.113.7"
                value={address}
                mono
                onChange={({ target }) => setAddress(target.value)}
              />
            </div>
          </div>
        </Panel>
      </div>
      <div className="flex min-w-0 flex-col gap-6 lg:row-span-2">
        {report === null ? (
          <Panel>
            <Empty icon={FlaskConical} title={t.tokenLab.empty} about={t.tokenLab.emptyAbout} />
          </Panel>
        ) : (
          <>
            <Verdict report={report} aheadSeconds={published.aheadSeconds} />
            <DecodedToken report={report} />
          </>
        )}
      </div>
      <Mint audience={audience} onMinted={setText} />
    </div>
  )
}

/** Milliseconds after which it is checked again: a token expires while one looks at it. */
const AGAIN_MS = 5000

function useReport(
  token: string,
  { issuer, keys, aheadSeconds }: Published,
  wanted: { audience: string; typ: string; scope: string | null; address: string | null },
): Report | null {
  const { environment } = useHere()
  const [report, setReport] = useState<Report | null>(null)
  const { audience, typ, scope, address } = wanted
  useEffect(() => {
    let current = true
    const run = async (): Promise<void> => {
      const now = Date.now() + aheadSeconds * 1000
      const expected = { issuer, keys, environment, audience, typ, scope, address, now }
      const next = token === '' ? null : await checkToken(token, expected)
      if (current) setReport(next)
    }
    void run()
    const timer = setInterval(() => void run(), AGAIN_MS)
    return () => {
      current = false
      clearInterval(timer)
    }
  }, [token, issuer, keys, aheadSeconds, environment, audience, typ, scope, address])
  return report
}

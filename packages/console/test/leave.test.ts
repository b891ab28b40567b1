import assert from 'node:assert/strict'
import { it } from 'node:test'
import { QueryClient } from '@tanstack/react-query'
import { readTelemetry } from '../src/api/telemetry.ts'
import { leave, type Ways } from '../src/state/leave.ts'

const PLACE = { org_id: 'org_1', environment: 'production' } as const

/** Goes to the sign-in, unless a page with unsaved secrets keeps the reader. */
function ways(kept: boolean): Ways {
  const location = { href: '/org_1/production/keys', pathname: '/org_1/production/keys' }
  return {
    state: { location },
    async navigate({ to }) {
      if (!kept) location.pathname = to
    },
  }
}

/** How many tokens for telemetry have been fetched, after another read of it. */
function telemetry() {
  let fetched = 0
  const admin = {
    async POST() {
      fetched++
      return { data: { access_token: `t${fetched}`, expires_in: 300 } }
    },
  }
  globalThis.fetch = async () => new Response('{}')
  return async () => {
    await readTelemetry('/v1/assets', PLACE, admin as never)
    return fetched
  }
}

it('forgets what was read, and the tokens, when the session has ended', async () => {
  const tokens = telemetry()
  const queries = new QueryClient()
  queries.setQueryData(['clients', 'org_1'], ['a client'])
  queries.setQueryData(['session'], { person: {} })
  assert.deepEqual([await tokens(), await tokens()], [1, 1])
  await leave(ways(true), queries)
  assert.equal(await tokens(), 1)
  assert.equal(queries.getQueryCache().getAll().length, 2)
  await leave(ways(false), queries)
  assert.equal(queries.getQueryData(['clients', 'org_1']), undefined)
  assert.equal(queries.getQueryData(['session']), null)
  assert.equal(await tokens(), 2)
})

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../../testing/postgres.ts'
import type { ListenHandlers } from './listen.ts'
import { openPostgres } from './open-postgres.ts'

const server = await startPostgres()
after(() => server.stop())

/** Handlers that record their calls, and a way to wait for them. */
function recorder(heartbeat?: ListenHandlers['heartbeat']) {
  const events: string[] = []
  const waiting = new Set<() => void>()
  const record = (what: string): void => {
    events.push(what)
    for (const look of waiting) look()
  }
  const handlers: ListenHandlers = {
    notified: (payload) => record(payload),
    found: () => record('found'),
    lost: () => record('lost'),
    ...(heartbeat === undefined ? {} : { heartbeat }),
  }
  /** Resolves when it has been recorded that many times. */
  const recorded = (what: string, times = 1): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (events.filter((one) => one === what).length < times) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  return { handlers, events, recorded }
}

async function setUp() {
  const postgres = openPostgres(await server.createDatabase())
  return {
    postgres,
    notify: (what: string) => postgres.query('SELECT pg_notify($1, $2)', ['The "channel"', what]),
    [Symbol.asyncDispose]: () => postgres.close(),
  }
}

describe('a PostgreSQL listener', () => {
  it('gets the notifications of its channel, in order', async () => {
    await using here = await setUp()
    const { handlers, recorded, events } = recorder()
    const listener = here.postgres.listen('The "channel"', handlers)
    await recorded('found')
    await here.notify('one')
    await here.postgres.query(`NOTIFY another`)
    await here.notify('two')
    await recorded('two')
    assert.deepEqual(events, ['found', 'one', 'two'])
    assert.equal(listener.silentForMs(), 0)
  })

  for (const [what, away, back] of [
    ['killed', () => server.kill('SIGKILL'), () => server.restart()],
    ['frozen', () => server.kill('SIGSTOP'), () => server.kill('SIGCONT')],
  ] as const) {
    it(`reports when the server is ${what}, and when it is back`, async () => {
      await using here = await setUp()
      const { handlers, recorded, events } = recorder()
      const listener = here.postgres.listen('The "channel"', handlers)
      await recorded('found')
      await away()
      await recorded('lost')
      while (listener.silentForMs() < 1500) await sleep(20)
      await back()
      await recorded('found', 2)
      assert.equal(listener.silentForMs(), 0)
      await here.notify('again')
      await recorded('again')
      assert.deepEqual(events, ['found', 'lost', 'found', 'again'])
    })
  }

  it('gets the rows of its heartbeat query', async () => {
    await using here = await setUp()
    const answered = Promise.withResolvers<unknown>()
    const { handlers } = recorder({ text: 'SELECT 7 AS seven', answered: answered.resolve })
    here.postgres.listen('x', handlers)
    assert.deepEqual(await answered.promise, [{ seven: 7 }])
  })

  it('can stop at any moment, even while connecting to a dead server', async () => {
    await using here = await setUp()
    for (const waitMs of [0, 1, 5, 20]) {
      const listener = here.postgres.listen('x', recorder().handlers)
      await sleep(waitMs)
      await listener.stop()
    }
    const unreachable = openPostgres('postgres://x:x@127.0.0.1:1/x')
    const { handlers, recorded } = recorder()
    const listener = unreachable.listen('x', handlers)
    await recorded('lost')
    await listener.stop()
    await unreachable.close()
  })
})

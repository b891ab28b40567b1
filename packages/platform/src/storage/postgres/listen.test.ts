import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from '../../testing/postgres.ts'
import type { ListenHandlers } from './listen.ts'
import { openPostgres } from './open-postgres.ts'

const server = await startPostgres()
after(() => server.stop())

/** Handlers that note what they are told, and a way to wait for it. */
function note(heartbeat?: ListenHandlers['heartbeat']) {
  const told: string[] = []
  const waiting = new Set<() => void>()
  const tell = (what: string): void => {
    told.push(what)
    for (const look of waiting) look()
  }
  const handlers: ListenHandlers = {
    notified: (payload) => tell(payload),
    found: () => tell('found'),
    lost: () => tell('lost'),
    ...(heartbeat === undefined ? {} : { heartbeat }),
  }
  /** Resolves when it has been told so often. */
  const heard = (what: string, times = 1): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (told.filter((one) => one === what).length < times) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  return { handlers, told, heard }
}

async function place() {
  const postgres = openPostgres(await server.createDatabase())
  return {
    postgres,
    say: (what: string) => postgres.query('SELECT pg_notify($1, $2)', ['The "channel"', what]),
    [Symbol.asyncDispose]: () => postgres.close(),
  }
}

describe('a PostgreSQL listener', () => {
  it('gets the notifications of its channel, in order', async () => {
    await using here = await place()
    const { handlers, heard, told } = note()
    const listener = here.postgres.listen('The "channel"', handlers)
    await heard('found')
    await here.say('one')
    await here.postgres.query(`NOTIFY another`)
    await here.say('two')
    await heard('two')
    assert.deepEqual(told, ['found', 'one', 'two'])
    assert.equal(listener.silentForMs(), 0)
  })

  for (const [what, away, back] of [
    ['killed', () => server.kill('SIGKILL'), () => server.restart()],
    ['frozen', () => server.kill('SIGSTOP'), () => server.kill('SIGCONT')],
  ] as const) {
    it(`reports when the server is ${what}, and when it is back`, async () => {
      await using here = await place()
      const { handlers, heard, told } = note()
      const listener = here.postgres.listen('The "channel"', handlers)
      await heard('found')
      await away()
      await heard('lost')
      while (listener.silentForMs() < 1500) await sleep(20)
      await back()
      await heard('found', 2)
      assert.equal(listener.silentForMs(), 0)
      await here.say('again')
      await heard('again')
      assert.deepEqual(told, ['found', 'lost', 'found', 'again'])
    })
  }

  it('gets the rows of its heartbeat query', async () => {
    await using here = await place()
    const answered = Promise.withResolvers<unknown>()
    const { handlers } = note({ text: 'SELECT 7 AS seven', answered: answered.resolve })
    here.postgres.listen('x', handlers)
    assert.deepEqual(await answered.promise, [{ seven: 7 }])
  })

  it('can stop at any moment, even while connecting to a dead server', async () => {
    await using here = await place()
    for (const waitMs of [0, 1, 5, 20]) {
      const listener = here.postgres.listen('x', note().handlers)
      await sleep(waitMs)
      await listener.stop()
    }
    const nobody = openPostgres('postgres://x:x@127.0.0.1:1/x')
    const { handlers, heard } = note()
    const listener = nobody.listen('x', handlers)
    await heard('lost')
    await listener.stop()
    await nobody.close()
  })
})

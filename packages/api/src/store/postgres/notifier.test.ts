import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Postgres } from '@modulariot/platform/postgres'
import { createWatchers } from '../watchers.ts'
import { createNotifier } from './notifier.ts'

const tenantOf = (org_id: string) => ({ org_id, environment: 'production' }) as const

/** A notifier whose statements are recorded: the organizations of each. */
function recorded(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const sent: string[][] = []
  const query = async (_text: unknown, [, tenants]: [string, string[]]) => {
    sent.push(tenants.map((tenant) => JSON.parse(tenant).org_id))
    return { rows: [] }
  }
  const postgres = { query } as unknown as Pick<Postgres, 'query' | 'listen'>
  const notifier = createNotifier(postgres, createWatchers())
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms)
    await new Promise(setImmediate)
  }
  return { sent, notifier, pass }
}

describe('notifications of what was stored', () => {
  it('are sent at once after a pause, and then ten times a second', async (t) => {
    const { sent, notifier, pass } = recorded(t)
    notifier.notify([tenantOf('a')])
    await pass(0)
    assert.deepEqual(sent, [['a']])
    for (const name of ['a', 'b', 'a']) notifier.notify([tenantOf(name)])
    await pass(99)
    assert.deepEqual(sent, [['a']])
    await pass(1)
    assert.deepEqual(sent, [['a'], ['a', 'b']])
    await pass(100)
    notifier.notify([tenantOf('c')])
    await pass(0)
    assert.deepEqual(sent, [['a'], ['a', 'b'], ['c']])
  })

  it('are sent before it stops, without the pause', async (t) => {
    const { sent, notifier, pass } = recorded(t)
    notifier.notify([tenantOf('a')])
    await pass(0)
    notifier.notify([tenantOf('b')])
    await notifier.stop()
    assert.deepEqual(sent, [['a'], ['b']])
  })
})

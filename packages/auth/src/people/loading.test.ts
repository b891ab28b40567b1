import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'

/** The packages outside of this repository that importing `entries` loads. */
async function loadedBy(...entries: string[]): Promise<string[]> {
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = new Set()
    registerHooks({
      load(url, context, next) {
        const name = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]
        if (name) loaded.add(name)
        return next(url, context)
      },
    })
    for (const entry of ${JSON.stringify(entries)}) await import(entry)
    console.log(JSON.stringify([...loaded]))`
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script])
  return JSON.parse(stdout) as string[]
}

const LATE = ['better-auth', 'kysely', 'nodemailer', 'zod', '@better-auth/core']

describe('better-auth and nodemailer', () => {
  it('are not loaded by the server, nor by commands', async () => {
    const entries = ['../server.ts', '../index.ts', '../values.ts', '../http/people/endpoints.ts']
    const loaded = await loadedBy(...entries.map((path) => import.meta.resolve(path)))
    assert.ok(loaded.includes('fastify'), loaded.join())
    assert.deepEqual(
      loaded.filter((name) => LATE.includes(name)),
      [],
    )
  })

  it('are what the engine loads', async () => {
    const loaded = await loadedBy(import.meta.resolve('./better-auth-engine.ts'))
    assert.ok(loaded.includes('better-auth') && loaded.includes('kysely'), loaded.join())
  })
})

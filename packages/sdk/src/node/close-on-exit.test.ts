import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'

const MODULE = JSON.stringify(new URL('./close-on-exit.ts', import.meta.url).href)

/** Runs a program that has a buffer; it prints when the buffer is closed. */
async function run(program: string, { signalAt = '', hangs = false } = {}) {
  const source = `
    import { closeOnExit } from ${MODULE}
    const buffer = {
      async close({ deadlineMs }) {
        console.log('closing')
        ${hangs ? 'await new Promise((r) => setTimeout(r, deadlineMs))' : 'await null'}
        console.log('closed')
      },
    }
    ${program}
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (text) => {
    printed += text
    if (signalAt !== '' && printed.endsWith(`${signalAt}\n`)) child.kill('SIGTERM')
  })
  const [code, signal] = await once(child, 'close')
  return { printed, code, signal }
}

const RUNS = "setInterval(() => {}, 1e6); console.log('ready')"

describe('closeOnExit', { skip: process.platform === 'win32' }, () => {
  it('closes on SIGTERM, and the process still ends by it', async () => {
    const { printed, signal } = await run(`closeOnExit([buffer]); ${RUNS}`, { signalAt: 'ready' })
    assert.equal(printed, 'ready\nclosing\nclosed\n')
    assert.equal(signal, 'SIGTERM')
  })

  it('closes when there is nothing left to do, and the process ends normally', async () => {
    const { printed, code } = await run('closeOnExit([buffer])')
    assert.equal(printed, 'closing\nclosed\n')
    assert.equal(code, 0)
  })

  it('does not wait after a second signal', async () => {
    const { printed, signal } = await run(
      `closeOnExit([buffer], { deadlineMs: 1e6 }); process.kill(process.pid, 'SIGTERM'); ${RUNS}`,
      { signalAt: 'closing', hangs: true },
    )
    assert.doesNotMatch(printed, /closed/)
    assert.equal(signal, 'SIGTERM')
  })

  it('can be undone', async () => {
    const { printed } = await run('closeOnExit([buffer])()')
    assert.equal(printed, '')
  })
})

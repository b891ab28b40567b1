/** Programs for tests of the external signer, and the processes that they become. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { SignerFault, type SignerFaultKind } from '@modulariot/auth'
import { CommandSigner, SIGNER_TIMES, type SignerTimes } from './command-signer.ts'
import type { SignerEnd } from './signer-process.ts'

export const INPUT = Buffer.from('header.payload')

const opened: CommandSigner[] = []

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((signer) => signer.close()))
}

export interface Opened {
  readonly signer: CommandSigner
  /** Resolves at the first end of the program. */
  readonly ended: Promise<{ end: SignerEnd; nextStartMs: number }>
  readonly ends: { end: SignerEnd; nextStartMs: number }[]
  /** Resolves at the next start. */
  nextStart(): Promise<void>
}

export function open(
  words: readonly [string, ...string[]],
  times: Partial<SignerTimes> = {},
): Opened {
  const ended = Promise.withResolvers<{ end: SignerEnd; nextStartMs: number }>()
  const ends: { end: SignerEnd; nextStartMs: number }[] = []
  let started = Promise.withResolvers<void>()
  const command = { setting: 'MIOT_SIGNER_COMMAND', words, env: {} }
  const signer = new CommandSigner(
    command,
    {
      started: () => {
        started.resolve()
        started = Promise.withResolvers()
      },
      ended: (end, nextStartMs) => {
        ends.push({ end, nextStartMs })
        ended.resolve({ end, nextStartMs })
      },
    },
    { ...SIGNER_TIMES, restartMs: { min: 10, max: 50 }, ...times },
  )
  opened.push(signer)
  return { signer, ended: ended.promise, ends, nextStart: () => started.promise }
}

/** An argument by which a program of these tests is found. */
export const MARK = `of-test-${process.pid}`

/**
 * A program that answers `hello`, and then each line as `body` says: `id` and `call` are those of
 * the line, `put` prints an object.
 */
export function program(body: string, times: Partial<SignerTimes> = {}): Opened {
  const text = `
    const put = (o) => process.stdout.write(JSON.stringify(o) + '\\n')
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const call = JSON.parse(line), id = call.id
      if (call.op === 'hello') return put({ id, protocol: 1, algorithms: ['ES256'] })
      ${body}
    })`
  return open([process.execPath, '-e', text, MARK], times)
}

export const rejectsWith = (doing: Promise<unknown>, kind: SignerFaultKind, message = /./) =>
  assert.rejects(doing, (error) => {
    assert.ok(error instanceof SignerFault, String(error))
    assert.equal(error.kind, kind)
    assert.match(error.message, message)
    return true
  })

/** Of the process that runs with these arguments, from /proc. */
export function pidOf(...args: string[]): number {
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
      if (args.every((arg) => words.includes(arg)) && Number(name) !== process.pid)
        return Number(name)
    } catch {
      // It has ended.
    }
  }
  throw new Error('no such process')
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/**
 * One run of the program that is the external signer: calls and their answers, until the program
 * ends or does something that no signer may do, after which it is killed.
 */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { SignerFault } from '@modulariot/auth'
import { IN_A_GROUP, killGroup } from '../command/process-group.ts'
import type { KeyCommand } from '../config/key-command.ts'
import {
  type Call,
  lineOf,
  MAX_LINE_CHARACTERS,
  type Members,
  parseAnswer,
  refusalIn,
} from './protocol.ts'

/** Calls that wait for an answer, also those whose caller waits no longer. */
export const MAX_CALLS = 512
/** From the end of a call's time until a program that has not answered it is killed. */
const LATE_MS = 10_000
/** From the end of its input until a program that still runs is killed. */
const STOP_MS = 2000
/** Of what it writes to standard error, from its end. */
const COMPLAINT_CHARACTERS = 1000

export interface SignerEnd {
  /** Completes "the signer ". */
  readonly fault: string
  /** The end of what it wrote to standard error. */
  readonly complaint: string
  /** False: the program does not exist, or may not be run. */
  readonly couldRun: boolean
}

interface Waiting {
  readonly call: Call
  readonly startedAt: number
  /** Null: its time is over, and an answer is of no use. */
  caller: { resolve(members: Members): void; reject(error: SignerFault): void } | null
  timer: NodeJS.Timeout
}

export interface SignerProcessOptions {
  readonly command: KeyCommand
  /** Called once. All calls have been rejected then. */
  readonly onEnd: (end: SignerEnd) => void
  /** Called with a key that was created after the end of the call's time. */
  readonly onLateKey: (members: Members) => void
}

export class SignerProcess {
  readonly #options: SignerProcessOptions
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable> | null
  readonly #waiting = new Map<number, Waiting>()
  readonly #exited: Promise<void>
  #lastId = 0
  #lastAnswerAt = 0
  /** Of a line that has not ended. */
  #partial = ''
  #complaint = ''
  #hasEnded = false

  constructor(options: SignerProcessOptions) {
    this.#options = options
    const { command } = options
    const [program, ...args] = command.words
    try {
      this.#child = spawn(program, args, {
        env: command.env,
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: IN_A_GROUP,
        windowsHide: true,
      })
    } catch (error) {
      this.#child = null
      this.#exited = Promise.resolve()
      // As for a program that cannot be found: not before the caller has the object.
      setImmediate(() => this.#cannotRun(error as NodeJS.ErrnoException))
      return
    }
    this.#exited = this.#listen(this.#child)
  }

  #listen(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<void> {
    // A pipe that its reader has closed: the program ends, or is killed as one that hangs.
    child.stdin.on('error', () => {})
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = `${this.#complaint}${text}`.slice(-COMPLAINT_CHARACTERS)
    })
    return new Promise((resolve) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        this.#cannotRun(error)
        resolve()
      })
      child.once('exit', (status, signal) => {
        // What it complained about may still be in the pipe.
        setImmediate(() => {
          this.#end(status === null ? `was killed (${signal})` : `ended with status ${status}`)
          resolve()
        })
      })
    })
  }

  /**
   * Sends a call.
   *
   * @param timeoutMs after which the caller waits no longer.
   * @returns the members of the answer.
   * @throws SignerFault `busy`, `timeout`, `unavailable` or `refused`.
   */
  call(call: Call, timeoutMs: number): Promise<Members> {
    if (this.#hasEnded || this.#child === null) {
      return Promise.reject(new SignerFault('unavailable', 'The signer does not run'))
    }
    if (this.#waiting.size >= MAX_CALLS) {
      return Promise.reject(
        new SignerFault('busy', `More than ${MAX_CALLS} calls wait for the signer`),
      )
    }
    const id = ++this.#lastId
    const { stdin } = this.#child
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#overdue(id, timeoutMs), timeoutMs)
      const startedAt = performance.now()
      this.#waiting.set(id, { call, startedAt, caller: { resolve, reject }, timer })
      stdin.write(lineOf(id, call))
    })
  }

  /** Kills the program, for a fault that only the caller can see. */
  abort(fault: string): void {
    this.#end(fault)
  }

  /** Ends the program's input, upon which it ends. Resolves when it has, or was killed. */
  async stop(): Promise<void> {
    if (this.#hasEnded || this.#child === null) return
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#end('did not end with its input'), STOP_MS)
    await this.#exited
    clearTimeout(timer)
  }

  #read(text: string): void {
    if (this.#hasEnded) return
    const lines = `${this.#partial}${text}`.split('\n')
    this.#partial = lines.pop() as string
    if ([...lines, this.#partial].some((line) => line.length > MAX_LINE_CHARACTERS)) {
      this.#end(`printed a line of more than ${MAX_LINE_CHARACTERS} characters`)
    }
    for (const line of lines) {
      if (this.#hasEnded) return
      try {
        this.#answered(line)
      } catch (error) {
        this.#end((error as Error).message)
      }
    }
  }

  #answered(line: string): void {
    const { id, members } = parseAnswer(line)
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) throw new Error(`answered call ${id}, which does not wait`)
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    this.#lastAnswerAt = performance.now()
    const refusal = refusalIn(members)
    const { caller, call } = waiting
    if (caller === null) {
      if (call.op === 'create' && refusal === null) this.#options.onLateKey(members)
    } else if (refusal === null) caller.resolve(members)
    else caller.reject(new SignerFault('refused', `The signer refused to ${call.op}: ${refusal}`))
  }

  /** The caller waits no longer. A program that answers nothing at all any more is killed. */
  #overdue(id: number, timeoutMs: number): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    const { call, startedAt, caller } = waiting
    const seconds = timeoutMs / 1000
    caller?.reject(new SignerFault('timeout', `The signer did not ${call.op} within ${seconds} s`))
    waiting.caller = null
    const late = () => this.#end(`did not answer a call (${call.op}) at all`)
    waiting.timer = setTimeout(late, LATE_MS)
    if (this.#lastAnswerAt < startedAt && !this.#doesSlowWork()) {
      this.#end(`answered nothing for ${seconds} s`)
    }
  }

  /** A program of one thread starts, or makes a key, for longer than it may take to sign. */
  #doesSlowWork(): boolean {
    return [...this.#waiting.values()].some(({ call, caller }) => call.op !== 'sign' && caller)
  }

  #cannotRun({ code }: NodeJS.ErrnoException): void {
    const couldRun = code !== 'ENOENT' && code !== 'EACCES'
    this.#end(`cannot be run (${code})`, couldRun)
  }

  #end(fault: string, couldRun = true): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    killGroup(this.#child?.pid)
    for (const { timer, caller } of this.#waiting.values()) {
      clearTimeout(timer)
      caller?.reject(new SignerFault('unavailable', `The signer ${fault}`))
    }
    this.#waiting.clear()
    for (const pipe of [this.#child?.stdin, this.#child?.stdout, this.#child?.stderr]) {
      pipe?.destroy()
    }
    // One that even SIGKILL does not end must not keep our process.
    this.#child?.unref()
    const complaint = this.#complaint.replace(/\s+/g, ' ').trim()
    this.#options.onEnd({ fault, complaint, couldRun })
  }
}

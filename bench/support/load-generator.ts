/**
 * Sends requests over keep-alive connections, 32 by default, each as soon as the response to the
 * one before has arrived.
 *
 * It writes prepared bytes and reads only the status and length of a response, so that one core of
 * it is faster than any server on the other. Unlike autocannon it can send a request only once, if
 * it is valid only once, and can change its address.
 */

import { connect, type Socket } from 'node:net'
import { summarize } from '../../faults/support/summary.ts'
import { answerParent } from './child.ts'
import { CONNECTIONS, type Load, type LoadResult, SERIAL } from './load.ts'

/** Never reused while this process runs, since the limits remember addresses. */
let addresses = 0

function nextAddress(): string {
  const number = 256 + addresses++
  return `127.${1 + ((number >> 16) % 250)}.${(number >> 8) & 255}.${number & 255}`
}

/** Never reused while this process runs, since a server remembers ids. */
let serials = 0

/** A request, and the offset of its serial number; -1 without one. */
interface Template {
  readonly bytes: Buffer
  readonly serialAt: number
}

function nextRequest({ bytes, serialAt }: Template): Buffer {
  if (serialAt === -1) return bytes
  const copy = Buffer.from(bytes)
  copy.write(String(serials++).padStart(SERIAL.length, '0'), serialAt, 'latin1')
  return copy
}

/** Index after the response at the start of the buffer, or -1 while it is incomplete. */
function endOfAnswer(buffer: Buffer): number {
  const headEnd = buffer.indexOf('\r\n\r\n')
  if (headEnd === -1) return -1
  const head = buffer.toString('latin1', 0, headEnd)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (length === undefined) throw new Error(`a response without a length:\n${head}`)
  const end = headEnd + 4 + Number(length)
  return buffer.length < end ? -1 : end
}

class Run {
  readonly #load: Load
  readonly #templates: readonly Template[]
  readonly #latenciesMs: number[] = []
  #next = 0
  #deadline = Number.POSITIVE_INFINITY
  #lastAnswer = 0
  #sample = ''

  constructor(load: Load) {
    this.#load = load
    this.#templates = load.requests.map((text) => {
      return { bytes: Buffer.from(text, 'latin1'), serialAt: text.indexOf(SERIAL) }
    })
  }

  async measure(): Promise<LoadResult> {
    const { connections = CONNECTIONS } = this.#load
    const sockets = await Promise.all(Array.from({ length: connections }, () => this.#open()))
    const cpu = process.cpuUsage()
    const start = performance.now()
    this.#deadline = start + this.#load.seconds * 1000
    await Promise.all(sockets.map((socket) => this.#drive(socket)))
    const elapsedSeconds = (this.#lastAnswer - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const { count, p50, p99 } = summarize(this.#latenciesMs)
    return {
      answers: count,
      elapsedSeconds,
      p50Ms: p50,
      p99Ms: p99,
      sample: this.#sample,
      generatorBusy: (user + system) / 1e6 / elapsedSeconds,
    }
  }

  #open(): Promise<Socket> {
    const { port, requestsPerAddress } = this.#load
    const from = requestsPerAddress === null ? {} : { localAddress: nextAddress() }
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true, ...from })
      socket.once('error', reject)
      socket.once('connect', () => resolve(socket.off('error', reject)))
    })
  }

  async #drive(first: Socket): Promise<void> {
    let socket: Socket | null = first
    while (socket !== null) {
      const wantsMore: boolean = await this.#drain(socket)
      socket.destroy()
      socket = wantsMore ? await this.#open() : null
    }
  }

  /**
   * Sends requests over this connection as long as there are any; true when a new connection is
   * due.
   */
  #drain(socket: Socket): Promise<boolean> {
    const { requestsPerAddress } = this.#load
    let left = requestsPerAddress ?? Number.POSITIVE_INFINITY
    let received: Buffer = Buffer.alloc(0)
    let sentAt = 0
    return new Promise((resolve, reject) => {
      const send = (): void => {
        const bytes = left-- > 0 ? this.#take() : null
        sentAt = performance.now()
        if (bytes === null) resolve(left < 0)
        else socket.write(bytes)
      }
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('the server closed the connection')))
      socket.on('data', (chunk: Buffer) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
        try {
          if (!this.#answered(received, sentAt)) return
        } catch (error) {
          return reject(error)
        }
        received = Buffer.alloc(0)
        send()
      })
      send()
    })
  }

  #take(): Buffer | null {
    if (performance.now() >= this.#deadline) return null
    if (this.#load.once && this.#next === this.#templates.length) return null
    return nextRequest(this.#templates[this.#next++ % this.#templates.length] as Template)
  }

  /** @throws Error for an unexpected response. */
  #answered(received: Buffer, sentAt: number): boolean {
    const end = endOfAnswer(received)
    if (end === -1) return false
    if (end !== received.length) throw new Error('more responses than requests')
    if (received.toString('latin1', 9, 12) !== String(this.#load.status)) {
      throw new Error(`not ${this.#load.status}:\n${received}`)
    }
    this.#lastAnswer = performance.now()
    this.#latenciesMs.push(this.#lastAnswer - sentAt)
    this.#sample = received.toString('latin1')
    return true
  }
}

answerParent((load: Load) => new Run(load).measure())

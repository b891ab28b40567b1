/**
 * As much of AMQP 0-9-1 as a device and its consumer need, so that the tests need no client
 * library. Class and method numbers are those of the specification.
 */

import { connect, type Socket } from 'node:net'

export interface AmqpSession {
  /** Resolves once the broker has confirmed the message. */
  publish(exchange: string, routingKey: string): Promise<void>
  /** Declares a queue and binds it. */
  bind(queue: string, exchange: string, routingKey: string): Promise<void>
  /** The routing key of the oldest message, which is removed; null if there is none. */
  take(queue: string): Promise<string | null>
  close(): void
}

/** The broker's own reason: `403 ACCESS_REFUSED - …`, or that it hung up. */
export class AmqpRefusal extends Error {}

/** RabbitMQ's answer to a login of more than 4096 bytes. */
export const HUNG_UP = 'the broker hung up'

/** Class and method. */
type Id = readonly [number, number]

const START: Id = [10, 10]
const START_OK: Id = [10, 11]
const TUNE: Id = [10, 30]
const TUNE_OK: Id = [10, 31]
const OPEN: Id = [10, 40]
const OPEN_OK: Id = [10, 41]
const CONNECTION_CLOSE: Id = [10, 50]
const CHANNEL_OPEN: Id = [20, 10]
const CHANNEL_OPEN_OK: Id = [20, 11]
const CHANNEL_CLOSE: Id = [20, 40]
const QUEUE_DECLARE: Id = [50, 10]
const QUEUE_DECLARE_OK: Id = [50, 11]
const QUEUE_BIND: Id = [50, 20]
const QUEUE_BIND_OK: Id = [50, 21]
const PUBLISH: Id = [60, 40]
const GET: Id = [60, 70]
const GET_OK: Id = [60, 71]
const GET_EMPTY: Id = [60, 72]
const ACK: Id = [60, 80]
const CONFIRM_SELECT: Id = [85, 10]
const CONFIRM_SELECT_OK: Id = [85, 11]

const METHOD = 1
const HEADER = 2
const BODY = 3
const FRAME_END = Buffer.from([0xce])
const HEAD_BYTES = 7
const BASIC_CLASS = 60
const ANSWER_WITHIN_MS = 20_000

const ZERO = Buffer.alloc(1)
/** A field that later versions of the protocol ignore. */
const RESERVED = Buffer.alloc(2)
const NO_ACK = Buffer.from([1])

/** With SASL PLAIN, in the virtual host `/`. @throws AmqpRefusal */
export async function openAmqp(port: number, user: string, password: string): Promise<AmqpSession> {
  const socket = connect(port, '127.0.0.1')
  socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error('AMQP: no answer')))
  const methods = methodsOf(socket)
  const call = (channel: number, id: Id, fields: Buffer[], ...expected: Id[]) => {
    socket.write(method(channel, id, ...fields))
    return answer(methods, ...expected)
  }
  try {
    socket.write('AMQP\0\0\u0009\u0001', 'latin1')
    await answer(methods, START)
    const login = [clientProperties(), short('PLAIN'), long(`\0${user}\0${password}`)]
    const tune = await call(0, START_OK, [...login, short('en_US')], TUNE)
    socket.write(method(0, TUNE_OK, tune.fields))
    await call(0, OPEN, [short('/'), short(''), ZERO], OPEN_OK)
    await call(1, CHANNEL_OPEN, [short('')], CHANNEL_OPEN_OK)
    await call(1, CONFIRM_SELECT, [ZERO], CONFIRM_SELECT_OK)
  } catch (error) {
    socket.destroy()
    throw error
  }
  return {
    async publish(exchange, routingKey) {
      const target = [RESERVED, short(exchange), short(routingKey), ZERO]
      socket.write(Buffer.concat([method(1, PUBLISH, ...target), content('{}')]))
      await answer(methods, ACK)
    },
    async bind(queue, exchange, routingKey) {
      const name = [RESERVED, short(queue)]
      await call(1, QUEUE_DECLARE, [...name, ZERO, long('')], QUEUE_DECLARE_OK)
      const source = [short(exchange), short(routingKey), ZERO, long('')]
      await call(1, QUEUE_BIND, [...name, ...source], QUEUE_BIND_OK)
    },
    async take(queue) {
      const got = await call(1, GET, [RESERVED, short(queue), NO_ACK], GET_OK, GET_EMPTY)
      return got.id[1] === GET_EMPTY[1] ? null : routingKeyOf(got.fields)
    },
    close: () => socket.destroy(),
  }
}

interface Method {
  readonly id: Id
  readonly fields: Buffer
}

/** The broker's methods in order, without the content of messages and heartbeats. */
async function* methodsOf(socket: Socket): AsyncGenerator<Method, void, void> {
  let received = Buffer.alloc(0)
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer])
    while (received.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + received.readUInt32BE(3)
      if (received.length <= end) break
      const payload = received.subarray(HEAD_BYTES, end)
      const type = received[0]
      received = received.subarray(end + FRAME_END.length)
      if (type !== METHOD) continue
      yield { id: [payload.readUInt16BE(0), payload.readUInt16BE(2)], fields: payload.subarray(4) }
    }
  }
}

/** The next method. @throws AmqpRefusal if the broker closes the connection or the channel. */
async function answer(
  methods: AsyncGenerator<Method, void, void>,
  ...expected: readonly Id[]
): Promise<Method> {
  const { value } = await methods.next().catch(hungUp)
  if (value === undefined) throw new AmqpRefusal(HUNG_UP)
  if (isOneOf(value.id, [CONNECTION_CLOSE, CHANNEL_CLOSE])) {
    const code = value.fields.readUInt16BE(0)
    throw new AmqpRefusal(`${code} ${shortAt(value.fields, 2)}`)
  }
  if (!isOneOf(value.id, expected)) throw new Error(`AMQP: method ${value.id} for ${expected}`)
  return value
}

/** @throws what is not a reset of the connection. */
function hungUp(error: NodeJS.ErrnoException): { value: undefined } {
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return { value: undefined }
  throw error
}

function isOneOf([classId, methodId]: Id, ids: readonly Id[]): boolean {
  return ids.some((id) => id[0] === classId && id[1] === methodId)
}

/** A client that learns why its login is refused. */
function clientProperties(): Buffer {
  const yes = Buffer.from('t\u0001')
  const capabilities = Buffer.concat([short('authentication_failure_close'), yes])
  return long(Buffer.concat([short('capabilities'), Buffer.from('F'), long(capabilities)]))
}

/** Behind the delivery tag, the flag `redelivered` and the exchange. */
function routingKeyOf(fields: Buffer): string {
  const exchangeAt = 9
  return shortAt(fields, exchangeAt + 1 + fields.readUInt8(exchangeAt))
}

function method(channel: number, [classId, methodId]: Id, ...fields: readonly Buffer[]): Buffer {
  const ids = Buffer.alloc(4)
  ids.writeUInt16BE(classId, 0)
  ids.writeUInt16BE(methodId, 2)
  return frame(METHOD, channel, Buffer.concat([ids, ...fields]))
}

function content(text: string): Buffer {
  const header = Buffer.alloc(14)
  header.writeUInt16BE(BASIC_CLASS, 0)
  header.writeBigUInt64BE(BigInt(text.length), 4)
  return Buffer.concat([frame(HEADER, 1, header), frame(BODY, 1, Buffer.from(text))])
}

function frame(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt8(type, 0)
  head.writeUInt16BE(channel, 1)
  head.writeUInt32BE(payload.length, 3)
  return Buffer.concat([head, payload, FRAME_END])
}

/** Up to 255 bytes, with their number. */
function short(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)])
}

function shortAt(fields: Buffer, at: number): string {
  return fields.toString('utf8', at + 1, at + 1 + fields.readUInt8(at))
}

/** A long string or, from a buffer, a table. */
function long(value: string | Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(value.length)
  return Buffer.concat([length, Buffer.from(value)])
}

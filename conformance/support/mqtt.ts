/** As much of MQTT 3.1.1 as a device needs, so that the tests need no client library. */

import { connect } from 'node:net'

const CONNECT = 0x10
const CONNACK = 0x20
const PUBLISH_ONCE_AT_LEAST = 0x32
const PUBACK = 0x40
/** §3.1.2: the protocol's name and level 4; user name, password, clean session; keep alive. */
const CONNECT_HEAD = Buffer.from('\0\u0004MQTT\u0004\u00c2\0\u003c', 'latin1')
const PACKET_ID = Buffer.from([0, 1])
const ANSWER_WITHIN_MS = 20_000

/** `acknowledged`; `refused`: the login was; `closed`: the broker hung up on the message. */
export type MqttOutcome = 'acknowledged' | 'refused' | 'closed'

/** Connects, and publishes one message with quality of service 1. */
export async function publishByMqtt(
  port: number,
  user: string,
  password: string,
  topic: string,
): Promise<MqttOutcome> {
  const socket = connect(port, '127.0.0.1')
  socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error('MQTT: no answer')))
  socket.write(packet(CONNECT, CONNECT_HEAD, text(user), text(user), text(password)))
  let received = Buffer.alloc(0)
  let published = false
  try {
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer])
      // Both packets have four bytes; the last of a CONNACK is its return code (§3.2.2.3).
      if (!published && received.length >= 4) {
        if (received[0] !== CONNACK || received[3] !== 0) return 'refused'
        published = true
        socket.write(packet(PUBLISH_ONCE_AT_LEAST, text(topic), PACKET_ID, Buffer.from('{}')))
      }
      if (received.length >= 8 && received[4] === PUBACK) return 'acknowledged'
    }
    return published ? 'closed' : 'refused'
  } finally {
    socket.destroy()
  }
}

function packet(type: number, ...parts: readonly Buffer[]): Buffer {
  const payload = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([type, ...remainingLength(payload.length)]), payload])
}

/** Seven bits a byte, the lowest first (§2.2.3). */
function remainingLength(length: number): number[] {
  const rest = length >> 7
  return rest === 0 ? [length] : [(length & 0x7f) | 0x80, ...remainingLength(rest)]
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}

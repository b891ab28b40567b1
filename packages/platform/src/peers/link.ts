/**
 * Named channels over one pipe between two processes. The messages of one turn of the event loop
 * are written together.
 *
 * Not Node's own IPC channel: its messages wait while a connection is handed over, and it does not
 * say how much the other process has yet to read.
 */

import type { Duplex } from 'node:stream'
import { deserialize, serialize } from 'node:v8'
import type { Channel } from './channel.ts'

export interface Link {
  /** The channel of this name; both processes use the same names. */
  channel(name: string): Channel
  /** What the other process has not read yet. */
  unsentBytes(): number
  /** Sends what was said so far, and nothing afterwards. */
  close(): void
}

/** Of the number before each message: its length in bytes. */
const LENGTH_BYTES = 4

type Envelope = readonly [channel: string, message: unknown]

/** @param pipe binary, and of this link alone. */
export function createLink(pipe: Duplex): Link {
  const listeners = new Map<string, Set<(message: unknown) => void>>()
  const onClosed = new Set<() => void>()
  let pending: Buffer[] = []
  let pendingBytes = 0
  let isOpen = true

  function flush(): void {
    if (pending.length === 0) return
    if (isOpen) pipe.write(Buffer.concat(pending, pendingBytes))
    pending = []
    pendingBytes = 0
  }
  function send(envelope: Envelope): void {
    if (!isOpen) return
    const body = serialize(envelope)
    const head = Buffer.allocUnsafe(LENGTH_BYTES)
    head.writeUInt32LE(body.length)
    if (pending.length === 0) setImmediate(flush)
    pending.push(head, body)
    pendingBytes += head.length + body.length
  }
  function ended(): void {
    if (!isOpen) return
    isOpen = false
    pipe.destroy()
    for (const closed of onClosed) closed()
  }
  const read = inFrames((frame) => {
    const [name, message] = deserialize(frame) as Envelope
    for (const heard of listeners.get(name) ?? []) heard(message)
  })
  pipe.on('data', read)
  // An error is followed by `close`; a process that is killed resets the pipe.
  pipe.on('error', () => {})
  pipe.once('end', ended).once('close', ended)

  return {
    channel: (name) => ({
      send: (message) => send([name, message]),
      onMessage(heard) {
        const ofChannel = listeners.get(name) ?? new Set()
        listeners.set(name, ofChannel)
        ofChannel.add(heard)
        return () => void ofChannel.delete(heard)
      },
      onClose(closed) {
        if (isOpen) onClosed.add(closed)
        else closed()
      },
    }),
    unsentBytes: () => pendingBytes + pipe.writableLength,
    close() {
      flush()
      pipe.end()
    },
  }
}

/** Calls `take` with each whole message of a stream of bytes. */
function inFrames(take: (frame: Buffer) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = []
  let bytes = 0
  let wanted = LENGTH_BYTES
  return (chunk) => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes < wanted) return
    let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks, bytes)
    for (;;) {
      wanted = LENGTH_BYTES + (rest.length < LENGTH_BYTES ? 0 : rest.readUInt32LE())
      if (rest.length < wanted || rest.length < LENGTH_BYTES) break
      take(rest.subarray(LENGTH_BYTES, wanted))
      rest = rest.subarray(wanted)
    }
    chunks = rest.length === 0 ? [] : [rest]
    bytes = rest.length
  }
}

/**
 * A channel over the pipe between a process and the one that it has forked with
 * `serialization: 'advanced'`, for tests.
 */

import type { ChildProcess } from 'node:child_process'
import type { Channel } from '../peers/channel.ts'

/** @param end the child, or `process` in the child. @param name tells the pipe's channels apart. */
export function pipeChannel(end: ChildProcess | NodeJS.Process, name: string): Channel {
  return {
    send(message) {
      // The callback also hears that the other process has ended.
      if (end.connected) end.send?.({ channel: name, message }, undefined, undefined, () => {})
    },
    onMessage(heard) {
      const ifOfChannel = (sent: { channel: string; message: unknown }): void => {
        if (sent.channel === name) heard(sent.message)
      }
      end.on('message', ifOfChannel)
      return () => void end.off('message', ifOfChannel)
    },
    onClose(closed) {
      end.once('disconnect', closed)
    },
  }
}

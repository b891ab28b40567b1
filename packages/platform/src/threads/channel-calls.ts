/**
 * Calls to another process, and the answers to them. What is transferred between threads is copied
 * here. One caller uses a channel, since the numbers of its calls are its own.
 */

import type { Channel } from '../peers/channel.ts'
import { createAnswers, type Implementation } from './answer-calls.ts'
import type { Answer, AnyCalls, CallPort, Message, PortEvents } from './call-port.ts'
import { type CallErrors, Caller } from './caller.ts'

/** Once the channel is closed, all calls are rejected. */
export function channelCaller<Calls extends AnyCalls>(
  channel: Channel,
  errors: CallErrors,
): Caller<Calls> {
  let isOpen = true
  let ended = (): void => {}
  channel.onClose(() => {
    isOpen = false
    ended()
  })
  function open(events: PortEvents): CallPort {
    if (!isOpen) throw errors.lost('stopped')
    const stopListening = channel.onMessage((answer) => events.answered(answer as Answer))
    ended = () => {
      stopListening()
      events.ended()
    }
    return {
      send: (message) => channel.send(message),
      // The channel is there for others too.
      ref() {},
      unref() {},
      close: async () => stopListening(),
      terminate: async () => ended(),
    }
  }
  return new Caller({ ...errors, open })
}

/**
 * Answers the calls of the other process, until it has ended; then those that it has left are
 * aborted, and their answers are dropped.
 *
 * @param describe as for `answerCalls`.
 */
export function answerCallsOf<Calls extends AnyCalls>(
  channel: Channel,
  calls: Implementation<Calls>,
  describe: (error: unknown) => unknown,
): void {
  const answers = createAnswers(calls, describe, (answer) => channel.send(answer))
  channel.onMessage((message) => answers.heard(message as Exclude<Message, 'close'>))
  channel.onClose(() => answers.abortAll())
}

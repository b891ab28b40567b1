import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createLogger, type Logger } from '@modulariot/platform/logging'
import { logLine } from './log-lines.ts'

const plain = (_style: unknown, text: string): string => text

/** What `write` prints on a terminal. */
function printed(write: (logger: Logger) => void): string {
  const lines: string[] = []
  write(createLogger('trace', { write: (json) => lines.push(logLine(json, plain)) }))
  return lines.join('')
}

describe('a log line on a terminal', () => {
  it('has the time, the level, the message, and what belongs to it by its path', () => {
    const time = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
    const line = logLine(
      JSON.stringify({
        ...{ level: 30, time, pid: 1, hostname: 'h', request_id: 'r-1', status: 401 },
        ...{ address: '::1', reason: { kind: 'wrong_secret', limits: [1] }, msg: 'refused' },
      }),
      plain,
    )
    assert.equal(
      line,
      '03:04:05Z INFO  refused request_id=r-1 status=401 address=::1 reason.kind=wrong_secret reason.limits=[1]\n',
    )
  })

  it('shows an error with its causes, and the stacks below', () => {
    const cause = new Error('disk full')
    const text = printed((log) => log.error({ err: new Error('no write', { cause }) }, 'failed'))
    const [first, ...others] = text.split('\n')
    assert.match(
      first as string,
      /ERROR failed err\.type=Error err\.message="no write" .*"disk full"/,
    )
    assert.match(others[0] as string, /^ {4}at .*log-lines\.test\.ts/)
    assert.ok(others.includes('  caused by'))
  })

  it('is one line, and controls no terminal, whatever it holds', () => {
    const text = printed((log) => {
      log.warn({ 'a\u001b[2J': 'b\u009b31m\n00:00:00Z INFO fake' }, 'c\r\nd\u202e')
    })
    assert.equal(text.split('\n').length, 2)
    assert.doesNotMatch(text.slice(0, -1), /\p{Cc}|\p{Cf}/u)
  })

  it('has no secret, as in JSON', () => {
    const secret = `miot_dev_${'a1B'.repeat(16)}z`
    const text = printed((log) => log.info({ client_secret: 'hunter2', note: secret }, secret))
    assert.doesNotMatch(text, /hunter2|miot_dev_a1B/)
    assert.match(text, /client_secret=\[redacted\]/)
  })

  it('that is no JSON of the logger is printed as it is, on one line', () => {
    assert.equal(logLine('plain\u0007 text\n', plain), 'plain\\u0007 text\n')
    assert.equal(logLine('{"msg":"x"}\n', plain), '{"msg":"x"}\n')
  })
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { createLogger, inTurns, type Logger } from './index.ts'

const CANARY = 'Canary5ecret'

/** The line that `write` logs. */
function printed(write: (logger: Logger) => void): string {
  const lines: string[] = []
  write(createLogger('trace', { write: (line) => lines.push(line) }))
  return lines.join('')
}

describe('createLogger', () => {
  it('writes one JSON line', () => {
    const line = printed((logger) => logger.info({ status: 401 }, 'refused'))
    assert.match(line, /^\{.*"status":401,"msg":"refused"\}\n$/)
  })

  const NAMES = [
    ...['authorization', 'Authorization', 'Proxy-Authorization', 'cookie', 'set-cookie'],
    ...['client_secret', 'clientSecret', 'client_assertion', 'access_token', 'password', 'token'],
    ...['headers', 'body', 'rawPacket', 'url', 'query'],
  ]
  for (const name of NAMES) {
    it(`never writes a member named ${name}, however deep`, () => {
      const text = printed((logger) => {
        logger.info({ [name]: CANARY })
        logger.info({ a: { b: [{ c: { [name]: CANARY } }] } })
        logger.info({ a: { [name]: { inside: CANARY } } })
        logger.child({ a: { [name]: CANARY } }).info('child')
      })
      assert.equal(text.trim().split('\n').length, 4)
      assert.doesNotMatch(text, new RegExp(CANARY))
    })
  }

  it('keeps the message, code and stack of an error, and nothing attached to it', () => {
    const cause = Object.assign(new Error('inner'), { request: { x: CANARY } })
    const error = Object.assign(new Error('outer', { cause }), {
      code: 'E_OUT',
      rawPacket: Buffer.from(CANARY),
      request: { text: CANARY },
      options: [CANARY],
    })
    const text = printed((logger) => {
      logger.error({ err: error }, 'failed')
      logger.error(error)
      logger.error({ whatever: { name: error } })
    })
    assert.doesNotMatch(text, new RegExp(CANARY))
    assert.doesNotMatch(text, new RegExp([...Buffer.from(CANARY)].join()))
    const { err } = JSON.parse(text.split('\n')[0] as string)
    assert.equal(err.message, 'outer')
    assert.equal(err.code, 'E_OUT')
    assert.match(err.stack, /^ {4}at .*logging\.test\.ts/m)
    assert.equal(err.cause.message, 'inner')
  })

  it('does not quote what JSON.parse could not read', () => {
    const text = printed((logger) => {
      try {
        JSON.parse(CANARY)
      } catch (error) {
        logger.error({ err: error })
      }
    })
    assert.match(text, /"type":"SyntaxError"/)
    assert.doesNotMatch(text, new RegExp(CANARY))
  })

  it('names a request, a buffer and a map instead of writing them', () => {
    const request = Object.assign(new IncomingMessage(new Socket()), { text: CANARY })
    const bytes = Buffer.from(CANARY)
    const text = printed((logger) => logger.info({ request, bytes, map: new Map([[1, CANARY]]) }))
    assert.match(text, /"request":"\[IncomingMessage\]","bytes":"\[12 bytes\]","map":"\[Map\]"/)
  })

  it('survives a cycle', () => {
    const one: Record<string, unknown> = {}
    one.self = one
    assert.match(
      printed((logger) => logger.info(one)),
      /too deep/,
    )
  })

  const SHAPES = {
    'a client secret': `miot_dev_${'a1B'.repeat(16)}z`,
    'an access token': 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl',
    'Basic credentials': `Basic ${Buffer.from('id:secret').toString('base64')}`,
    'Bearer credentials': 'Bearer abcdefghijkl',
  }
  for (const [what, secret] of Object.entries(SHAPES)) {
    it(`cuts ${what} out of a message, an error and a harmless member`, () => {
      const text = printed((logger) => {
        logger.info(`got ${secret} today`)
        logger.info({ err: new Error(`no ${secret}`) })
        logger.info({ note: secret, list: [secret] })
        logger.child({ request_id: secret }).info('child')
      })
      for (const line of text.trim().split('\n')) JSON.parse(line)
      assert.ok(!text.includes(secret.replace(/^\w+ /, '')), text)
    })
  }

  it('leaves ordinary text unchanged', () => {
    const text = printed((logger) =>
      logger.info(
        { reason: { kind: 'wrong_secret', client_id: 'client_1' }, at: new Date(0), n: null },
        'basic words',
      ),
    )
    assert.match(text, /"reason":\{"kind":"wrong_secret","client_id":"client_1"\}/)
    assert.match(text, /"at":"1970-01-01T00:00:00\.000Z","n":null,"msg":"basic words"/)
  })
})

const numbersIn = (lines: string) => [...lines.matchAll(/"number":(\d)/g)].map(([, n]) => n)

describe('inTurns', () => {
  it('writes the lines of a turn together, in their order', async () => {
    const written: string[] = []
    const logger = createLogger('info', inTurns({ write: (lines) => written.push(lines) }))
    const turn = new Promise(setImmediate)
    for (const number of [1, 2]) logger.info({ number })
    await turn.then(() => new Promise(setImmediate))
    assert.deepEqual(written.map(numbersIn), [['1', '2']])
  })

  it('writes those of several turns together when they come soon after others', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const written: string[] = []
    const everyMs = 60_000
    const logger = createLogger('info', inTurns({ write: (lines) => written.push(lines) }, everyMs))
    for (const number of [1, 2, 3]) {
      logger.info({ number })
      await new Promise(setImmediate)
    }
    assert.deepEqual(written.map(numbersIn), [['1']])
    t.mock.timers.tick(everyMs)
    assert.deepEqual(written.map(numbersIn), [['1'], ['2', '3']])
  })

  it('loses no line of a process that exits, or fails, in the same turn', () => {
    const logging = new URL('./index.ts', import.meta.url)
    for (const end of ['process.exit(3)', "throw new Error('end')", '']) {
      const program = `const { createLogger } = await import('${logging}')
        const logger = createLogger('info')
        for (const number of [1, 2]) logger.info({ number })
        ${end}`
      const args = ['--input-type=module', '--eval', program]
      const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
      assert.match(stderr, /"number":1.*"number":2/s, end)
    }
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseMailFrom, parseSmtpUrl } from './mail.ts'
import { parseConfig } from './parse-config.ts'
import { ConfigError } from './read-settings.ts'

describe('MIOT_SMTP_URL', () => {
  it('is TLS from the start, STARTTLS, or plaintext where the URL or loopback allows it', () => {
    const of = (url: string) => {
      const { host, port, tls, auth } = parseSmtpUrl(url)
      return [host, port, tls, auth?.user ?? null, auth?.pass ?? null]
    }
    for (const [url, expected] of [
      ['smtps://mail.example.com', ['mail.example.com', 465, 'from-start', null, null]],
      ['smtp://u:p%40%3A@mail.example.com', ['mail.example.com', 587, 'starttls', 'u', 'p@:']],
      ['smtp://mail.example.com:25?tls=off', ['mail.example.com', 25, 'none', null, null]],
      ['smtp://127.0.0.1:1025', ['127.0.0.1', 1025, 'none', null, null]],
      ['smtp://[::1]:1025', ['::1', 1025, 'none', null, null]],
      ['smtps://localhost', ['localhost', 465, 'from-start', null, null]],
    ] as const) {
      assert.deepEqual(of(url), expected, url)
    }
  })

  it('refuses what it would misread, without repeating a password', () => {
    for (const url of [
      ...['mail.example.com', 'https://mail.example.com', 'smtp://', 'smtps://hush@h/path'],
      ...['smtp://u:hush#1@h', 'smtp://u:hush@h?tls=on', 'smtps://u:hush@h?tls=off'],
      ...['smtp://u:hush%@h', 'smtp://u:hush@h?secure=true'],
    ]) {
      assert.throws(
        () => parseSmtpUrl(url),
        ({ message }: Error) => /^(must|has)/.test(message) && !message.includes('hush'),
        url,
      )
    }
  })

  it('needs MIOT_MAIL_FROM, and the reverse', () => {
    const noFiles = () => ''
    for (const env of [{ MIOT_SMTP_URL: 'smtp://localhost' }, { MIOT_MAIL_FROM: 'a@b.example' }]) {
      assert.throws(() => parseConfig(env, noFiles), ConfigError)
    }
    const both = { MIOT_SMTP_URL: 'smtp://localhost', MIOT_MAIL_FROM: 'Miot <a@b.example>' }
    assert.equal(parseConfig(both, noFiles).mail?.from, 'Miot <a@b.example>')
    assert.equal(parseConfig({}, noFiles).mail, null)
  })
})

it('MIOT_MAIL_FROM is one address, with or without a name', () => {
  for (const from of ['miot@example.com', 'ModularIoT <miot@example.com>']) {
    assert.equal(parseMailFrom(from), from)
  }
  for (const from of ['miot', 'a@b, c@d', 'x <a@b>\r\nBcc: c@d', '<a@b>', 'Name <a@b> <c@d>']) {
    assert.throws(() => parseMailFrom(from), /must be an address/, from)
  }
})

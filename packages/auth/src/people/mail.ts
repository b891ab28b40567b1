/**
 * Messages to persons, sent beside requests: how long a mail server takes, or whether there was
 * anyone to write to, must not show in an answer. nodemailer is loaded for the first message.
 */

import type { Transporter } from 'nodemailer'
import type { Mail, Mailer } from './mailer-port.ts'

/** Where messages are handed in, from MIOT_SMTP_URL and MIOT_MAIL_FROM. */
export interface MailSettings {
  readonly host: string
  readonly port: number
  /** `from-start`: TLS; `starttls`: TLS before anything is said; `none`: plaintext. */
  readonly tls: 'from-start' | 'starttls' | 'none'
  readonly auth: { readonly user: string; readonly pass: string } | null
  readonly from: string
}

export interface MailQueue extends Mailer {
  /** Resolves once the mail server has taken the mail. @throws Error when it does not. */
  send(mail: Mail): Promise<void>
  /** Sends what waits, for a bounded time. */
  close(): Promise<void>
}

export interface MailerDeps {
  readonly settings: MailSettings
  readonly onError: (error: unknown) => void
  readonly onSent: (outcome: 'sent' | 'failed' | 'dropped') => void
}

const MAX_WAITING = 200
const TIMEOUT_MS = 20_000
/** A mail server that greylists accepts the second try. */
const RETRY_AFTER_MS = [5000, 60_000]
const CLOSE_WITHIN_MS = 5000

export function createMailer({ settings, onError, onSent }: MailerDeps): MailQueue {
  const sending = new Set<Promise<void>>()
  const closing = new AbortController()
  let transporter: Promise<Transporter> | null = null

  async function hand(mail: Mail): Promise<void> {
    transporter ??= createTransporter(settings)
    await (await transporter).sendMail({ from: settings.from, ...mail })
    onSent('sent')
  }

  async function deliver(mail: Mail): Promise<void> {
    for (const waitMs of [...RETRY_AFTER_MS, null]) {
      try {
        return await hand(mail)
      } catch (error) {
        onError(error)
        if (waitMs === null || closing.signal.aborted || !isTemporary(error)) break
        await pause(waitMs, closing.signal)
      }
    }
    onSent('failed')
  }

  return {
    async send(mail) {
      try {
        await hand(mail)
      } catch (error) {
        onSent('failed')
        throw error
      }
    },
    queue(mail) {
      if (sending.size >= MAX_WAITING) {
        onSent('dropped')
        return false
      }
      const sent = deliver(mail).finally(() => sending.delete(sent))
      sending.add(sent)
      return true
    },
    async close() {
      closing.abort()
      const limit = AbortSignal.timeout(CLOSE_WITHIN_MS)
      await Promise.race([
        Promise.all(sending),
        new Promise((resolve) => {
          limit.addEventListener('abort', resolve)
        }),
      ])
      if (transporter !== null) (await transporter).close()
    },
  }
}

async function createTransporter(settings: MailSettings): Promise<Transporter> {
  const { host, port, tls, auth } = settings
  const { createTransport } = await import('nodemailer')
  return createTransport({
    ...{ host, port, secure: tls === 'from-start' },
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(auth !== null && { auth }),
    ...{ connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS },
    // Messages are texts of ours: no file and no URL is ever attached.
    ...{ disableFileAccess: true, disableUrlAccess: true },
  })
}

/** SMTP: 5xx is final. A failed connection is not. */
function isTemporary(error: unknown): boolean {
  const code = (error as { responseCode?: number }).responseCode
  return code === undefined || code < 500
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    timer.unref()
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

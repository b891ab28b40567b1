/** The port for mail to persons. */

export interface Mail {
  readonly to: string
  readonly subject: string
  readonly text: string
}

export interface Mailer {
  /** Returns at once: the mail is sent, and tried again, beside requests. False: too many wait. */
  queue(mail: Mail): boolean
}

/** The settings of the console and of persons' accounts; a new one is a new row. */

import { resolve } from 'node:path'
import { parseMailFrom, parseSmtpUrl } from './mail.ts'
import { oneOf } from './parsers.ts'
import type { SettingTable } from './setting.ts'

export const PEOPLE_SETTINGS = {
  console: {
    name: 'MIOT_CONSOLE',
    default: 'on',
    parse: oneOf('on', 'off'),
    about:
      'Whether the console (`/console/`) and the accounts of persons (`/people/v1`) are served. `off`: both are 404, and the admin API ignores cookies.',
  },
  consoleMap: {
    name: 'MIOT_CONSOLE_MAP',
    unset: 'the outlines of countries, which the console has',
    parse: resolve,
    about:
      'The path of a PMTiles archive (version 3) with the map that the console shows below assets: vector tiles as of Protomaps or OpenMapTiles, or images. It is served to everyone who can reach the console.',
  },
  signUp: {
    name: 'MIOT_SIGN_UP',
    default: 'first',
    parse: oneOf('first', 'invite', 'open'),
    about:
      'Who may create an account. `first`: the first account owns the installation, further ones need an invitation ([people.md](people.md)). `invite`: all need one, also the first (`miot people invite`). `open`: everyone, each with an organization of their own.',
  },
  smtp: {
    name: 'MIOT_SMTP_URL',
    unset: 'none: links are shown to the one who invites, and printed by `miot people reset-link`',
    parse: parseSmtpUrl,
    about:
      'The mail server: `smtps://user:password@host` (TLS from the start, port 465) or `smtp://user:password@host` (STARTTLS, port 587); its certificate is verified. Plaintext goes to loopback only, or with `?tls=off`. Needs `MIOT_MAIL_FROM`.',
  },
  mailFrom: {
    name: 'MIOT_MAIL_FROM',
    unset: 'none',
    parse: parseMailFrom,
    about: 'The sender of messages, such as `ModularIoT <miot@example.com>`.',
  },
} as const satisfies SettingTable

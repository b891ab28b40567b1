/** Parsers for option values. Their messages follow Commander's "argument … is invalid." */

import { readFileSync } from 'node:fs'
import { withoutBom } from '@modulariot/platform/json'
import { InvalidArgumentError } from 'commander'
import { serverUrlFault } from '../config/server-url.ts'
import { parseWorkers } from '../config/workers.ts'
import { CliError } from '../errors/cli-error.ts'

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

export function positiveNumber(text: string): number {
  const value = wholeNumber(text)
  if (value === 0) throw new InvalidArgumentError('It must be at least 1.')
  return value
}

/** `auto`, or how many. */
export function workers(text: string): number {
  try {
    return parseWorkers(text)
  } catch (error) {
    throw new InvalidArgumentError(`It ${(error as Error).message}.`)
  }
}

/** `200/s`, `600/m` or `200`; returns a rate per second. */
export function rate(text: string): number {
  const match = /^([1-9]\d{0,5})(?:\/([sm]))?$/.exec(text)
  if (match === null) throw new InvalidArgumentError('It must be like 200/s or 600/m.')
  return Number(match[1]) / (match[2] === 'm' ? 60 : 1)
}

export function decimal(text: string): number {
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('It must be a number.')
  return Number(text)
}

/** URL of a server that receives secrets or tokens, or that is trusted. */
export function serverUrl(text: string): string {
  const fault = serverUrlFault(text)
  if (fault !== null) throw new InvalidArgumentError(`It ${fault}.`)
  return text
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `90s`, `15m`, `24h`, `7d` or `0`; returns seconds. */
export function duration(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text)
  const unit = UNIT_SECONDS[match?.[2] ?? '']
  if (text === '0') return 0
  if (unit === undefined) throw new InvalidArgumentError('It must be like 15m, 24h or 7d.')
  return Number(match?.[1]) * unit
}

/** An ISO 8601 time with a zone, as it is sent to the API. */
export function instant(text: string): string {
  if (
    !/^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:\d\d)$/.test(text) ||
    Number.isNaN(Date.parse(text))
  ) {
    throw new InvalidArgumentError('It must be a time with a zone, like 2026-01-15T12:00:00Z.')
  }
  return text
}

/** The JSON in a file. The command checks its contents. */
export function jsonFile(path: string): unknown {
  try {
    return JSON.parse(withoutBom(readFileSync(path, 'utf8')))
  } catch (error) {
    const unreadable = !(error instanceof SyntaxError)
    throw new InvalidArgumentError(unreadable ? 'It cannot be read.' : 'It is not JSON.')
  }
}

export function readStdin(): string {
  if (process.stdin.isTTY) throw new CliError('usage', 'Give a token, or pipe one in')
  return readFileSync(0, 'utf8')
}

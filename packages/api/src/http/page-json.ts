/**
 * Serializes a long list in slices of some hundred microseconds. In one go, it would block all
 * other requests for milliseconds.
 */

import { nextSlice } from '@modulariot/platform/slices'
import { threadCpuMs } from '../limits/client-budget.ts'
import type { Tenant } from '../store/store.ts'
import { tenantName } from '../store/tenant-name.ts'

/** The media type of the text. */
export const JSON_UTF8 = 'application/json; charset=utf-8'

/** Maximum rows of a slice, which also ends after `CHARACTERS_A_SLICE`. */
export const ROWS_A_SLICE = 100
const CHARACTERS_A_SLICE = 64 * 1024

/**
 * Like `pageJson`, with a turn of the tenant for each slice.
 *
 * @param charge called with the CPU milliseconds of each slice.
 */
export async function pageJsonInTurns<Row>(
  page: object,
  write: (row: Row) => string,
  tenant: Tenant,
  charge: (ms: number) => void,
): Promise<string> {
  let began: number | undefined
  const end = (): void => {
    if (began !== undefined) charge(threadCpuMs() - began)
  }
  const text = await pageJson(page, write, async () => {
    end()
    await nextSlice(tenantName(tenant))
    began = threadCpuMs()
  })
  end()
  return text
}

/**
 * @param page an object with one array member, the rows.
 * @param write serializes a row.
 * @param next resolves when the next slice may begin; called at least once.
 */
export async function pageJson<Row>(
  page: object,
  write: (row: Row) => string,
  next: () => Promise<void>,
): Promise<string> {
  const members = Object.entries(page)
  const at = members.findIndex(([, value]) => Array.isArray(value))
  const [name, rows] = members[at] as [string, readonly Row[]]
  const before = [...members.slice(0, at).map(memberJson), `${JSON.stringify(name)}:[`]
  let text = `{${before.join(',')}`
  for (let begin = 0; begin === 0 || begin < rows.length; ) {
    await next()
    const slice = writeSlice(rows, begin, write)
    text += begin > 0 ? `,${slice.text}` : slice.text
    begin = Math.max(slice.end, 1)
  }
  const after = members.slice(at + 1).map((member) => `,${memberJson(member)}`)
  return `${text}]${after.join('')}}`
}

function memberJson([name, value]: [string, unknown]): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`
}

function writeSlice<Row>(
  rows: readonly Row[],
  begin: number,
  write: (row: Row) => string,
): { text: string; end: number } {
  const texts: string[] = []
  let characters = 0
  let end = begin
  while (end < rows.length && texts.length < ROWS_A_SLICE && characters < CHARACTERS_A_SLICE) {
    const text = write(rows[end++] as Row)
    texts.push(text)
    characters += text.length
  }
  return { text: texts.join(','), end }
}

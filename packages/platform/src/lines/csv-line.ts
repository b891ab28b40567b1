/**
 * CSV (RFC 4180), written so that a spreadsheet shows it and runs nothing: a text that a
 * spreadsheet would take for a formula gets an apostrophe in front.
 */

export type Cell = string | number | boolean | null

/** One line with its end. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(',')}\r\n`
}

/** OWASP's list of characters that begin a formula. */
const FORMULA = /^[=+\-@\t\r]/

/** Numbers are written as they are: a negative number is no formula. */
function cellText(cell: Cell): string {
  if (typeof cell !== 'string') return cell === null ? '' : String(cell)
  const safe = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

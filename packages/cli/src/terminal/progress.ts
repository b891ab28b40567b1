/** A line on a terminal that shows how far a long command is. Nothing is written elsewhere. */

export interface Progress {
  /**
   * @param part of the whole, from 0 to 1; null when the whole is not known.
   * @param about what is shown beside the bar.
   */
  show(part: number | null, about: string): void
  /** Removes the line, before other output or at the end. */
  clear(): void
}

/** Standard error, as far as it matters here. */
export interface ProgressStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const BAR_WIDTH = 30
const EVERY_MS = 100
const CLEAR_LINE = '\r\u001b[2K'

/**
 * @param quiet with `--json` a program reads the output.
 * @param nowMs a clock that only increases.
 */
export function createProgress(
  stream: ProgressStream,
  quiet: boolean,
  nowMs: () => number = () => performance.now(),
): Progress {
  const shows = stream.isTTY === true && !quiet
  let isShown = false
  let lastMs = Number.NEGATIVE_INFINITY
  return {
    show(part, about) {
      const now = nowMs()
      if (!shows || now - lastMs < EVERY_MS) return
      lastMs = now
      isShown = true
      stream.write(`${CLEAR_LINE}${part === null ? '' : `${bar(part)}  `}${about}`)
    },
    clear() {
      if (isShown) stream.write(CLEAR_LINE)
      isShown = false
      lastMs = Number.NEGATIVE_INFINITY
    },
  }
}

function bar(part: number): string {
  const bounded = Math.min(1, Math.max(0, part))
  const full = Math.round(bounded * BAR_WIDTH)
  const percent = `${Math.floor(bounded * 100)}%`.padStart(4)
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] ${percent}`
}

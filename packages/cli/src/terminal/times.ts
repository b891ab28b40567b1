/** Times in text for people: always UTC. JSON output keeps the full form. */

/** `2026-01-02T03:04:05.678Z` as `2026-01-02 03:04:05Z`. */
export function utc(timestamp: string): string {
  return timestamp === '' ? '' : `${timestamp.slice(0, 19).replace('T', ' ')}Z`
}

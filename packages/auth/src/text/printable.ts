/** Text of strangers, made safe to show on a terminal. */

const MAX_LENGTH = 200

export function printable(text: string): string {
  return text.slice(0, MAX_LENGTH).replace(/[^\x20-\x7e]/g, '?')
}

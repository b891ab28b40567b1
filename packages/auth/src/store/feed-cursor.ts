/** A place in the revocation feed: an entry's number and its random id. */

export interface FeedPlace {
  readonly seq: number
  readonly id: string
}

export function cursorOf({ seq, id }: FeedPlace): string {
  return `${seq}.${id}`
}

/** Null when it is not one of our cursors. */
export function parseCursor(text: string): FeedPlace | null {
  const match = /^(\d{1,15})\.([0-9a-f]{0,16})$/.exec(text)
  return match === null ? null : { seq: Number(match[1]), id: match[2] as string }
}

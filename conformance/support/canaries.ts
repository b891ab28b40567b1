/**
 * Words that must not come back: one for each place they are put, so that a leak names where it
 * began.
 */

import { randomBytes } from 'node:crypto'

/** Every word begins with it, so that one look says whether there is any. */
const MARK = `Canary${randomBytes(4).toString('hex')}`

export class Canaries {
  readonly #places = new Map<string, string>()
  readonly #watched: string[] = [MARK]

  /** A new word for this place, the same whenever it is asked for again. */
  at(place: string): string {
    const word = this.#places.get(place) ?? `${MARK}${randomBytes(6).toString('hex')}`
    this.#places.set(place, word)
    return word
  }

  /** A secret that the server made itself. */
  watch(place: string, secret: string): void {
    this.#places.set(place, secret)
    this.#watched.push(secret)
  }

  /** Places whose word stands in the text, in clear or in an encoding that anybody can undo. */
  foundIn(text: string): string[] {
    const lower = text.toLowerCase()
    if (!this.#watched.some((word) => standsIn(lower, word))) return []
    const places = [...this.#places].filter(([, word]) => standsIn(lower, word))
    // A leak of the mark alone is one, too.
    return places.length > 0 ? places.map(([place]) => place) : ['a part of a canary']
  }
}

function standsIn(lower: string, word: string): boolean {
  return spellings(word).some((spelling) => lower.includes(spelling))
}

/** Lower case: percent-encoding and hex know both. What base64 loses by that, it may lose. */
function spellings(word: string): string[] {
  const bytes = Buffer.from(word)
  const hex = bytes.toString('hex')
  return [
    word,
    hex,
    hex.replaceAll(/../g, '%$&'),
    bytes.join(','),
    // As it stands in base64 of a longer text, at each of the three offsets, without the ends it
    // shares.
    ...[0, 1, 2].flatMap((offset) => {
      const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
      const own = encoded.slice(offset === 0 ? 0 : offset + 1).replace(/.{0,2}=*$/, '')
      return [own, own.replaceAll('+', '-').replaceAll('/', '_')]
    }),
  ].map((spelling) => spelling.toLowerCase())
}

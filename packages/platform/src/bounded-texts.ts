/**
 * Texts by key, in a bounded amount of memory outside the heap of V8.
 *
 * A million small objects take several times the memory of their texts, and each full garbage
 * collection visits them all. Here the texts are bytes in segments that are filled one after the
 * other. When no more segments are allowed, the one filled longest ago is emptied: the oldest texts
 * are forgotten, whether they were read lately or not.
 */

interface Segment {
  readonly bytes: Buffer
  /** The same memory. */
  readonly words: Int32Array
  /** How many words are in use. */
  used: number
}

/** Also bounds one key with its text. */
const SEGMENT_BYTES = 1 << 20
const SEGMENT_WORDS = SEGMENT_BYTES / 4
/** Words before each entry: the hash of its key, and its length in bytes. */
const HEADER_WORDS = 2
const FIRST_SLOTS = 1024
/** Separates key and text, so a key cannot contain it. */
const SEPARATOR = '\n'

export class BoundedTexts {
  readonly #maxSegments: number
  #segments: Segment[] = []
  /** The segment that is being filled. */
  #filling = 0
  /**
   * A hash table with linear probing, two words a slot: the hash of a key, and where its entry
   * begins, in words over all segments and plus one; 0: the slot is free.
   */
  #table = new Int32Array(2 * FIRST_SLOTS)
  #size = 0

  /** @param maxBytes of the texts; the table takes 16 to 32 bytes more for each. */
  constructor(maxBytes: number) {
    this.#maxSegments = Math.max(1, Math.floor(maxBytes / SEGMENT_BYTES))
  }

  /** How many texts there are. */
  get size(): number {
    return this.#size
  }

  /** Null: there is none. */
  get(key: string): string | null {
    const hash = hashOf(key)
    const slot = this.#slotOf(key, hash)
    const place = this.#placeAt(slot)
    return place === 0 ? null : this.#entryAt(place).slice(key.length + 1)
  }

  /** Does nothing when the key already has this text. One beyond a segment is not kept. */
  set(key: string, text: string): void {
    if (this.get(key) === text) return
    this.delete(key)
    const entry = key + SEPARATOR + text
    const length = Buffer.byteLength(entry)
    const words = HEADER_WORDS + Math.ceil(length / 4)
    if (words > SEGMENT_WORDS) return
    const segment = this.#segmentFor(words)
    const at = segment.used
    const hash = hashOf(key)
    segment.words[at] = hash
    segment.words[at + 1] = length
    segment.bytes.write(entry, 4 * (at + HEADER_WORDS), length, 'utf8')
    segment.used += words
    if (2 * (this.#size + 1) > this.#table.length / 2) this.#grow()
    this.#table.set([hash, this.#filling * SEGMENT_WORDS + at + 1], 2 * this.#slotOf(key, hash))
    this.#size++
  }

  delete(key: string): void {
    const slot = this.#slotOf(key, hashOf(key))
    if (this.#placeAt(slot) !== 0) this.#free(slot)
  }

  clear(): void {
    this.#segments = []
    this.#filling = 0
    this.#table = new Int32Array(2 * FIRST_SLOTS)
    this.#size = 0
  }

  /** The segment being filled, or the next one if it has no room for so many words. */
  #segmentFor(words: number): Segment {
    const filling = this.#segments[this.#filling]
    if (filling !== undefined && filling.used + words <= SEGMENT_WORDS) return filling
    this.#filling = filling === undefined ? 0 : (this.#filling + 1) % this.#maxSegments
    const next = this.#segments[this.#filling] ?? newSegment()
    this.#segments[this.#filling] = next
    this.#empty(next, this.#filling * SEGMENT_WORDS + 1)
    return next
  }

  /** @param first place in the segment. */
  #empty(segment: Segment, first: number): void {
    for (let at = 0; at < segment.used; ) {
      const slot = this.#slotAt(segment.words[at] as number, first + at)
      if (this.#placeAt(slot) !== 0) this.#free(slot)
      at += HEADER_WORDS + Math.ceil((segment.words[at + 1] as number) / 4)
    }
    segment.used = 0
  }

  /** The slot of the key, or the free one in which it belongs. */
  #slotOf(key: string, hash: number): number {
    const last = this.#table.length / 2 - 1
    for (let slot = hash & last; ; slot = (slot + 1) & last) {
      const place = this.#placeAt(slot)
      if (place === 0) return slot
      if (this.#table[2 * slot] !== hash) continue
      const entry = this.#entryAt(place)
      if (entry.startsWith(key) && entry.charAt(key.length) === SEPARATOR) return slot
    }
  }

  /** The slot with this place, or a free one: the entry there was replaced. */
  #slotAt(hash: number, wanted: number): number {
    const last = this.#table.length / 2 - 1
    for (let slot = hash & last; ; slot = (slot + 1) & last) {
      const place = this.#placeAt(slot)
      if (place === wanted || place === 0) return slot
    }
  }

  #placeAt(slot: number): number {
    return this.#table[2 * slot + 1] as number
  }

  #entryAt(place: number): string {
    const at = (place - 1) % SEGMENT_WORDS
    const { bytes, words } = this.#segments[(place - 1 - at) / SEGMENT_WORDS] as Segment
    const start = 4 * (at + HEADER_WORDS)
    return bytes.toString('utf8', start, start + (words[at + 1] as number))
  }

  /** Moves entries back that were moved on because of this one. */
  #free(freed: number): void {
    const table = this.#table
    const last = table.length / 2 - 1
    let free = freed
    for (let slot = (free + 1) & last; this.#placeAt(slot) !== 0; slot = (slot + 1) & last) {
      const distance = (slot - (table[2 * slot] as number)) & last
      if (distance < ((slot - free) & last)) continue
      table.copyWithin(2 * free, 2 * slot, 2 * slot + 2)
      free = slot
    }
    table.fill(0, 2 * free, 2 * free + 2)
    this.#size--
  }

  #grow(): void {
    const former = this.#table
    const table = new Int32Array(2 * former.length)
    const last = table.length / 2 - 1
    for (let at = 0; at < former.length; at += 2) {
      if (former[at + 1] === 0) continue
      let slot = (former[at] as number) & last
      while (table[2 * slot + 1] !== 0) slot = (slot + 1) & last
      table[2 * slot] = former[at] as number
      table[2 * slot + 1] = former[at + 1] as number
    }
    this.#table = table
  }
}

function newSegment(): Segment {
  const memory = new ArrayBuffer(SEGMENT_BYTES)
  return { bytes: Buffer.from(memory), words: new Int32Array(memory), used: 0 }
}

/** FNV-1a, and the last steps of MurmurHash, since the low bits choose the slot. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) {
    hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}

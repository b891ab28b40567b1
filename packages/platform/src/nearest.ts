/** The known word that a misspelt one most likely stands for. */

/** @param known at least one word. */
export function nearest(word: string, known: Iterable<string>): string {
  const [first = ''] = [...known].sort((a, b) => distance(word, a) - distance(word, b))
  return first
}

/** Levenshtein distance, computed row by row. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const substitute = (row[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(substitute, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[other.length] as number
}

/** Numbers for tests that try many cases, the same in each run. */

/** Returns numbers from 0 to 1, evenly: a linear congruence. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

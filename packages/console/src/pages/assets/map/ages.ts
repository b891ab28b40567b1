/** How old a position is, in four steps: the colours of the map, and the filters of the list. */

const MINUTE = 60_000

/** From the newest on. @property withinMs null: everything older. */
export const AGES = [
  { age: 'now', withinMs: 5 * MINUTE },
  { age: 'hour', withinMs: 60 * MINUTE },
  { age: 'day', withinMs: 24 * 60 * MINUTE },
  { age: 'silent', withinMs: null },
] as const

export type Age = (typeof AGES)[number]['age']

/** @param at Unix milliseconds, as `now`. */
export function ageOf(at: number, now: number): Age {
  return AGES.find(({ withinMs }) => withinMs !== null && now - at < withinMs)?.age ?? 'silent'
}

export function countAges(times: Iterable<number>, now: number): Readonly<Record<Age, number>> {
  const counts = { now: 0, hour: 0, day: 0, silent: 0 }
  for (const at of times) counts[ageOf(at, now)]++
  return counts
}

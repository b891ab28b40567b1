import { t } from '../texts/index.ts'

/** Whole days, hours or minutes, as far as they divide. */
export function durationText(seconds: number): string {
  if (seconds % 86_400 === 0) return t.units.days(seconds / 86_400)
  if (seconds % 3600 === 0) return t.units.hours(seconds / 3600)
  if (seconds % 60 === 0) return t.units.minutes(seconds / 60)
  return t.units.seconds(seconds)
}

/** Null: that of the audience. */
export function lifetimeText(seconds: number | null): string {
  return seconds === null ? t.application.audienceLifetime : durationText(seconds)
}

/** Values with their units, as the reader writes them. */

import { language, t } from '../../../texts/index.ts'

const number = (digits: number): Intl.NumberFormat =>
  new Intl.NumberFormat(language, { maximumFractionDigits: digits })

export function numberText(value: number): string {
  return number(Math.abs(value) < 10 ? 2 : 1).format(value)
}

export function speedText(speed: number): string {
  return `${number(0).format(speed)} km/h`
}

export function placeText(latitude: number, longitude: number): string {
  return `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`
}

/** A metric's value: a number with its unit, yes or no, a text, else JSON. */
export function valueText(value: unknown, unit: string | null): string {
  if (typeof value === 'boolean') return value ? t.assets.yes : t.assets.no
  const text =
    typeof value === 'number'
      ? numberText(value)
      : typeof value === 'string'
        ? value
        : JSON.stringify(value)
  return unit === null ? text : `${text} ${unit}`
}

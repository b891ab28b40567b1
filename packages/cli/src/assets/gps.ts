/** Position and speed of a report as text. */

export interface Gps {
  readonly latitude?: number
  readonly longitude?: number
  readonly speed?: number
}

export function positionOf({ latitude, longitude }: Gps = {}): string {
  if (latitude === undefined || longitude === undefined) return '-'
  return `${latitude.toFixed(5)},${longitude.toFixed(5)}`
}

export function speedOf({ speed }: Gps = {}): string {
  return speed === undefined ? '-' : `${speed} km/h`
}

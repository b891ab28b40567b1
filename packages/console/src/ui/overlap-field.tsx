/** How long the old secrets keep working after a rotation. */

import { t } from '../texts/index.ts'
import { durationText } from './durations.ts'
import { SelectField } from './field.tsx'

/** Seconds. */
const OVERLAPS = [0, 3600, 86_400, 7 * 86_400, 30 * 86_400] as const
export const DEFAULT_OVERLAP = 7 * 86_400

export function OverlapField(props: {
  readonly value: number
  readonly onChange: (seconds: number) => void
}) {
  const { value, onChange } = props
  return (
    <SelectField
      label={t.secrets.overlap}
      hint={value === 0 ? t.secrets.noOverlap : t.secrets.overlapHint(durationText(value))}
      value={value}
      onChange={({ target }) => onChange(Number(target.value))}
    >
      {OVERLAPS.map((seconds) => (
        <option key={seconds} value={seconds}>
          {seconds === 0 ? t.secrets.atOnce : durationText(seconds)}
        </option>
      ))}
    </SelectField>
  )
}

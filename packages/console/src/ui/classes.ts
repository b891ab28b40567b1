/** Joins class names, leaving out what is false. */
export function classes(...names: readonly (string | false | null | undefined)[]): string {
  return names.filter(Boolean).join(' ')
}

/** White on brown in light and dark alike, so that it looks like nothing else. */
export const PRODUCTION_BAND =
  'flex items-center justify-center bg-[#9a4b00] text-[0.6875rem] font-semibold tracking-widest text-white uppercase'

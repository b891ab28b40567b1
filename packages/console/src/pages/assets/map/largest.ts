/**
 * The largest of at least one part; the first of equal ones.
 *
 * @param sizeOf called once for each part: measuring a coast takes milliseconds.
 */
export function largestOf<Part>(parts: readonly Part[], sizeOf: (part: Part) => number): Part {
  const sizes = parts.map((part) => sizeOf(part))
  return parts[sizes.indexOf(Math.max(...sizes))] as Part
}

/** Which files a browser needs before the first page shows, from Vite's manifest. */

/** Compressed with gzip. */
export const MAX_FIRST_LOAD_BYTES = 230_000

/** A member of the manifest. */
export interface Chunk {
  readonly file: string
  readonly src?: string
  readonly isEntry?: boolean
  readonly imports?: readonly string[]
  readonly css?: readonly string[]
}

/**
 * The entry with everything it imports, the frame of the pages and the texts of one language, which
 * are loaded dynamically but always.
 */
const ALWAYS = [/^index\.html$/, /^src\/texts\/en\.ts$/, /^src\/shell\/frame\.tsx$/]

export function firstLoad(manifest: Readonly<Record<string, Chunk>>): string[] {
  const files = new Set<string>()
  const visit = (name: string): void => {
    const chunk = manifest[name]
    if (chunk === undefined || files.has(chunk.file)) return
    files.add(chunk.file)
    for (const css of chunk.css ?? []) files.add(css)
    for (const imported of chunk.imports ?? []) visit(imported)
  }
  for (const name of Object.keys(manifest)) {
    if (ALWAYS.some((pattern) => pattern.test(name))) visit(name)
  }
  return [...files]
}

/** What is broken on purpose, and the programs that do it. A new one is a new row. */

export const PROGRAMS: Readonly<
  Record<string, { readonly about: string; readonly quick: boolean }>
> = {
  'revocation-latency': {
    about: 'from a revocation to the first 401, on one and on another instance',
    quick: true,
  },
  'lost-database': {
    about: 'PostgreSQL is killed, then hangs, under load',
    quick: true,
  },
}

export const fileOf = (name: string): string => new URL(`./${name}.ts`, import.meta.url).pathname

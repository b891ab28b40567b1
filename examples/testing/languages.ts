/** The examples that are not TypeScript: how each is built and run. A new language is a new row. */

export interface Language {
  readonly name: string
  /** Below `examples/`; copied elsewhere before it is built. */
  readonly folder: string
  /** Succeeds where everything is installed that the example needs. */
  readonly check: string
  /** What to install where it does not. */
  readonly needs: string
  /** Shell commands, run in the copy. */
  readonly build?: string
  readonly run: readonly [string, ...string[]]
  /** Takes more than a few seconds to build: not part of `npm test`. */
  readonly isSlow?: boolean
}

export const LANGUAGES: readonly Language[] = [
  {
    name: 'Node',
    folder: 'node',
    check: 'node --version',
    needs: 'Node 20 or newer',
    run: ['node', 'client.mjs'],
  },
]

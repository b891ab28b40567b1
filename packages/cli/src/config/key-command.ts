/**
 * A program of the operator for keys that are kept outside, such as in a KMS or an HSM: how it is
 * written in a setting, and what it may see. Pure; `installation/given-keys.ts` runs those that
 * print an encryption key, and `signer/` the one that signs.
 */

type Environment = Readonly<Record<string, string | undefined>>
type Words = readonly [program: string, ...args: string[]]

export interface KeyCommand {
  /** The setting that has it, for messages. */
  readonly setting: string
  readonly words: Words
  /** What the program gets: our environment without our settings. */
  readonly env: Environment
}

/** An encryption key of the settings; null: none. */
export type GivenKey = Uint8Array | KeyCommand | null

/** What a shell would interpret. No shell runs the command, so that it would be taken literally. */
const SHELL_CHARACTERS = /['"`$\\|<>\p{Cc}]/u

/**
 * Words separated by white space, without quoting.
 *
 * @throws Error when there is none, or when a word needs a shell.
 */
export function parseCommand(text: string): Words {
  const [program, ...args] = text.trim().split(/\s+/)
  if (!program) throw new Error('must be a program and its arguments, separated by spaces')
  if ([program, ...args].some((word) => SHELL_CHARACTERS.test(word))) {
    throw new Error(
      'must be words separated by spaces: no shell runs it, so quotes, variables, pipes and redirections ' +
        'have no meaning; put them into a script, and set the path of the script',
    )
  }
  return [program, ...args]
}

/** The key itself, or the command that prints it: at most one of the two is set. */
export function givenKey(
  key: Uint8Array | null,
  words: Words | null,
  setting: string,
  env: Environment,
): GivenKey {
  return words === null ? key : givenCommand(words, setting, env)
}

export function givenCommand(words: Words, setting: string, env: Environment): KeyCommand {
  return { setting, words, env: withoutSettings(env) }
}

function withoutSettings(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^MIOT_/i.test(name)))
}

export function isCommand(given: GivenKey): given is KeyCommand {
  return given !== null && !(given instanceof Uint8Array)
}

/** The name of the setting that has the key, for messages; `plain` unless it is a command. */
export function keySetting(given: GivenKey, plain = 'MIOT_ENCRYPTION_KEY'): string {
  return isCommand(given) ? given.setting : plain
}

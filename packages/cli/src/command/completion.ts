/**
 * Completion scripts for shells, made from the commands themselves: the names of commands after
 * `miot`, and the options of a command after a dash. File names complete everything else.
 */

import { CliError } from '../errors/cli-error.ts'

/** A path such as `clients create`, and what may follow it. */
export interface Place {
  readonly path: string
  readonly words: readonly string[]
}

const SHELLS: Readonly<Record<string, (places: readonly Place[]) => string>> = { bash, zsh, fish }

/** @throws CliError usage for another shell. */
export function completionScript(places: readonly Place[], shell: string): string {
  const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
  if (script === undefined) {
    throw new CliError('usage', `There is no completion for ${shell}: use bash, zsh or fish`)
  }
  return script(places)
}

/** Words of the shell: paths, quoted. */
function paths(places: readonly Place[]): string[] {
  return places.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`)
}

/** Cases of `case "$place" in`, one per place. */
function cases(places: readonly Place[], line: (words: string) => string): string {
  return places
    .map(({ path, words }) => `    '${path}') ${line([...new Set(words)].join(' '))} ;;`)
    .join('\n')
}

function bash(places: readonly Place[]): string {
  return `# miot completion bash >> ~/.bashrc
_miot() {
  local place='' word words='' current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${place:+$place }$word" in
    ${paths(places).join('|')}) place="\${place:+$place }$word" ;;
    esac
  done
  case "$place" in
${cases(places, (words) => `words='${words}'`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _miot miot
`
}

function zsh(places: readonly Place[]): string {
  return `#compdef miot
# miot completion zsh > a file named _miot in a directory of $fpath
_miot() {
  local place='' word
  local -a follow
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${place:+$place }$word" in
    ${paths(places).join('|')}) place="\${place:+$place }$word" ;;
    esac
  done
  case "$place" in
${cases(places, (words) => `follow=(${words})`)}
  esac
  compadd -- $follow || _files
}
if [ "$funcstack[1]" = _miot ]; then _miot "$@"; else compdef _miot miot; fi
`
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words }) => {
    const condition = `-n "test (__miot_place) = '${path}'"`
    return [...new Set(words)].map((word) =>
      word.startsWith('--')
        ? `complete -c miot ${condition} -l ${word.slice(2)}`
        : `complete -c miot ${condition} -f -a ${word}`,
    )
  })
  return `# miot completion fish > ~/.config/fish/completions/miot.fish
function __miot_place
  set -l place ''
  for word in (commandline -opc)[2..]
    set -l longer (string trim "$place $word")
    contains -- $longer ${paths(places).join(' ')}; and set place $longer
  end
  echo "$place"
end
${lines.join('\n')}
`
}

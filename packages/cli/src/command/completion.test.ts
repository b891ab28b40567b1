import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { completionScript, type Place } from './completion.ts'

const PLACES: readonly Place[] = [
  { path: '', words: ['clients', 'serve', '--json'] },
  { path: 'clients', words: ['create', 'list', '--json'] },
  { path: 'clients create', words: ['--name', '--tag', '--json'] },
]

/** What each line is completed with, without its description. */
const CASES: Readonly<Record<string, string>> = {
  'miot ': 'clients serve',
  'miot se': 'serve',
  'miot clients cr': 'create',
  'miot --json clients ': 'create list',
  'miot clients create --na': '--name',
  'miot clients create --name pump --ta': '--tag',
}

function run(shell: string, script: string, code: string, ...args: string[]) {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-completion-'))
  const file = join(folder.path, 'script')
  writeFileSync(file, script)
  const env = { PATH: process.env.PATH, HOME: folder.path }
  return spawnSync(shell, ['-c', code, ...args.map((one) => (one === 'FILE' ? file : one))], {
    encoding: 'utf8',
    env,
  })
}

/**
 * Types `$2` and a tab into an interactive zsh with the script `$1`, and prints what it offers: its
 * `compadd` is asked for the matches before it shows them.
 */
const ZSH = `
  zmodload zsh/zpty || exit 1
  cat > "$1.zsh" <<'END'
PS1= PS2=
autoload -Uz compinit && compinit -u -D
source "$SCRIPT"
compadd() {
  local -a offered
  builtin compadd -O offered "$@"
  (( $#offered )) && print -rl -- $offered >> "$SCRIPT.out"
  builtin compadd "$@"
}
complete-once() { zle complete-word; print done > "$SCRIPT.done" }
zle -N complete-once
bindkey '^I' complete-once
print ready > "$SCRIPT.ready"
END
  export SCRIPT="$1"
  until_there() { repeat 1000; do [ -e "$1" ] && return; sleep 0.02; done; exit 2 }
  zpty shell zsh -f -i
  zpty -w shell "source $1.zsh"
  until_there "$1.ready"
  zpty -w -n shell "$2"$'\\t'
  until_there "$1.done"
  zpty -d shell
  cat "$1.out"`

const missing = (shell: string): string | false =>
  spawnSync(shell, ['--version']).error === undefined
    ? false
    : `NOT TESTED: ${shell} is not installed`

describe('a completion script', () => {
  it('completes commands and options in bash', { skip: missing('bash') }, () => {
    const script = completionScript(PLACES, 'bash')
    const code = `source "$1"; COMP_WORDS=($2); [ "\${2% }" = "$2" ] || COMP_WORDS+=('')
      COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _miot; echo "\${COMPREPLY[*]}"`
    for (const [line, expected] of Object.entries(CASES)) {
      const { stdout, stderr } = run('bash', script, code, 'bash', 'FILE', line)
      assert.equal(stderr, '')
      assert.equal(stdout.trim().replace(/ ?--json$/, ''), expected, line)
    }
  })

  it('completes commands and options in fish', { skip: missing('fish') }, () => {
    const script = completionScript(PLACES, 'fish')
    for (const [line, expected] of Object.entries(CASES)) {
      const code = 'source $argv[1]; complete -C $argv[2]'
      const { stdout, stderr } = run('fish', script, code, 'FILE', line)
      assert.equal(stderr, '')
      const words = stdout.split('\n').map((one) => one.split('\t')[0])
      assert.deepEqual(words.filter(Boolean), expected.split(' '), line)
    }
  })

  it('completes commands and options in a zsh at a terminal', { skip: missing('zsh') }, () => {
    const script = completionScript(PLACES, 'zsh')
    for (const [line, expected] of Object.entries(CASES)) {
      const { stdout, stderr, status } = run('zsh', script, ZSH, 'zsh', 'FILE', line)
      assert.equal(status, 0, stderr)
      const words = stdout.trim().split('\n')
      assert.deepEqual(words.filter((one) => one !== '--json').join(' '), expected, line)
    }
  })

  it('does not exist for other shells', () => {
    assert.throws(() => completionScript(PLACES, 'ksh'), /use bash, zsh or fish/)
    assert.throws(() => completionScript(PLACES, 'toString'), /use bash, zsh or fish/)
  })
})

/**
 * Reads a Dockerfile and its .dockerignore, as far as ours use them. An instruction or an option
 * that is not known here is an error: it would otherwise be left out silently.
 */

export interface Instruction {
  readonly name: string
  /** Of COPY. */
  readonly from: string | null
  readonly args: string
}

export interface Stage {
  readonly image: string
  readonly instructions: readonly Instruction[]
}

const KNOWN =
  /^(ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|RUN|USER|VOLUME|WORKDIR)\s+(.*)$/s

/** The stages in their order; a stage without a name has its number. */
export function parseDockerfile(text: string): Map<string, Stage> {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line))
  const stages = new Map<string, { image: string; instructions: Instruction[] }>()
  for (const line of lines.join('\n').replaceAll(/\\\n/g, '').split('\n')) {
    if (line.trim() === '') continue
    const [, name = '', args = ''] = KNOWN.exec(line) ?? []
    if (name === '') throw new Error(`not known here: ${line}`)
    if (name === 'FROM') {
      const [image = '', , stage = String(stages.size)] = args.split(/\s+/)
      stages.set(stage, { image, instructions: [] })
      continue
    }
    const from = /^--from=(\S+)\s+/.exec(args)
    const rest = args.slice(from?.[0].length ?? 0).trim()
    if (name === 'COPY' && rest.startsWith('--')) throw new Error(`not known here: ${line}`)
    const instruction = { name, from: from?.[1] ?? null, args: rest }
    const current = [...stages.values()].at(-1)
    if (current === undefined) throw new Error(`before the first FROM: ${line}`)
    current.instructions.push(instruction)
  }
  return stages
}

/** `A=1 B=2`. */
export function parseEnvironment(args: string): Record<string, string> {
  const pairs = args.trim().split(/\s+/)
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]))
}

/**
 * Whether a file is part of the build context. The last pattern that matches it, or a folder above
 * it, decides; `!` takes it in again.
 */
export function contextFilter(dockerignore: string): (path: string) => boolean {
  const rules = dockerignore
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => ({ kept: line.startsWith('!'), pattern: patternOf(line.replace('!', '')) }))
  return (path) => {
    const last = rules.findLast(({ pattern }) => pattern.test(path))
    return last === undefined || last.kept
  }
}

function patternOf(glob: string): RegExp {
  const text = glob
    .replaceAll(/[.+^$()|[\]{}\\]/g, '\\$&')
    .replaceAll('**/', '\0')
    .replaceAll('*', '[^/]*')
    .replaceAll('\0', '(?:.*/)?')
  return new RegExp(`^${text}(?:/.*)?$`)
}

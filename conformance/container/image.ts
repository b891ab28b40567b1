/**
 * Builds the image of a Dockerfile without Docker, and runs programs in it: the first stage with
 * this machine's npm, the last in a minimal Debian, which is what `debian:*-slim` is made of.
 *
 * It needs root, `debootstrap`, and the mirror that this machine's apt uses.
 */

import { execFileSync, spawn } from 'node:child_process'
import { chownSync, cpSync, mkdirSync, statSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { environmentWithoutSettings } from '../support/environment.ts'
import {
  contextFilter,
  type Instruction,
  parseDockerfile,
  parseEnvironment,
  type Stage,
} from './dockerfile.ts'

const BUILD_TIMEOUT_MS = 600_000

export interface Image {
  readonly root: string
  readonly env: Readonly<Record<string, string>>
  /** Of the user that programs run as. */
  readonly uid: number
  readonly gid: number
  readonly workdir: string
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly healthcheck: readonly string[]
  readonly volume: string
}

/** @param args values of ARG. */
export function buildImage(
  files: { readonly dockerfile: string; readonly dockerignore: string },
  checkout: string,
  folder: string,
  args: Readonly<Record<string, string>>,
): Image {
  const stages = parseDockerfile(files.dockerfile)
  const keep = contextFilter(files.dockerignore)
  const [[buildName, build], [, final]] = [...stages] as [[string, Stage], [string, Stage]]
  const built = join(folder, buildName)
  runStage(build, {
    root: built,
    copyFrom: () => checkout,
    keep: (path) => path === checkout || keep(relative(checkout, path)),
    run: (script, workdir) => run(['sh', '-ec', script], join(built, workdir), args),
  })
  const root = join(folder, 'root')
  minimalDebian(final.image, root)
  const found = runStage(final, {
    root,
    copyFrom: () => built,
    keep: () => true,
    run: (script) => run(['chroot', root, 'sh', '-ec', script], '/', {}),
  })
  return imageOf(found, root)
}

interface StageRunner {
  readonly root: string
  copyFrom(): string
  /** @param path of the source. */
  keep(path: string): boolean
  run(script: string, workdir: string): void
}

/** @returns the instructions that say how the image runs. */
function runStage(stage: Stage, runner: StageRunner): Instruction[] {
  const left: Instruction[] = []
  let workdir = '/'
  mkdirSync(runner.root, { recursive: true })
  for (const instruction of stage.instructions) {
    const { name, args } = instruction
    if (name === 'WORKDIR') {
      workdir = args
      mkdirSync(join(runner.root, workdir), { recursive: true })
    } else if (name === 'COPY') copy(args, workdir, runner)
    else if (name === 'RUN') runner.run(args, workdir)
    if (name !== 'COPY' && name !== 'RUN') left.push(instruction)
  }
  return left
}

/** To a name, or into a folder when it ends with a slash. */
function copy(args: string, workdir: string, { root, copyFrom, keep }: StageRunner): void {
  const names = args.split(/\s+/)
  const to = names.pop() as string
  for (const name of names) {
    const source = join(copyFrom(), name)
    const place = join(root, to.startsWith('/') ? to : join(workdir, to))
    const target = to.endsWith('/') ? join(place, basename(name)) : place
    mkdirSync(dirname(target), { recursive: true })
    cpSync(source, target, { recursive: true, verbatimSymlinks: true, filter: keep })
  }
}

function imageOf(instructions: readonly Instruction[], root: string): Image {
  const all = (name: string) => instructions.filter((one) => one.name === name)
  const last = (name: string) => all(name).at(-1)?.args ?? ''
  const [uid, gid] = last('USER').split(':').map(Number) as [number, number]
  return {
    ...{ root, uid, gid },
    env: Object.assign({}, ...all('ENV').map(({ args }) => parseEnvironment(args))),
    workdir: last('WORKDIR'),
    entrypoint: JSON.parse(last('ENTRYPOINT')),
    command: JSON.parse(last('CMD')),
    healthcheck: JSON.parse(/ CMD (.*)$/.exec(last('HEALTHCHECK'))?.[1] ?? '[]'),
    volume: last('VOLUME'),
  }
}

function minimalDebian(image: string, root: string): void {
  const suite = /^debian:(\w+)-slim$/.exec(image)?.[1]
  if (suite === undefined) throw new Error(`${image} is not a slim Debian`)
  const format = ['--format', '$(SITE)', 'Created-By: Packages']
  const mirrors = execFileSync('apt-get', ['indextargets', ...format], { encoding: 'utf8' })
  run(['debootstrap', '--variant=minbase', suite, root, mirrors.split('\n')[0] ?? ''], '/', {})
}

function run(command: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
  const [program = '', ...args] = command
  execFileSync(program, args, {
    cwd,
    env: { ...environmentWithoutSettings(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: BUILD_TIMEOUT_MS,
    maxBuffer: 64 * 1024 ** 2,
  })
}

export interface Container {
  readonly image: Image
  /** The volume: everything else is read-only. */
  readonly data: string
  readonly env: Readonly<Record<string, string>>
}

/** A new volume, with the owner and mode that the image has at its place, as Docker makes it. */
export function makeVolume({ root, volume }: Image, path: string): void {
  const { uid, gid, mode } = statSync(join(root, volume))
  mkdirSync(path, { mode })
  chownSync(path, uid, gid)
}

/**
 * As `docker run --read-only --cap-drop ALL --security-opt no-new-privileges`, but for the network
 * and the processes, which are this machine's.
 */
export function startInside({ image, data, env }: Container, command: readonly string[]) {
  const { root, uid, gid, workdir, volume } = image
  const script = [
    'ulimit -c 0',
    'mount --bind "$1" "$1"',
    'mount --bind "$2" "$1$3"',
    'mount --bind /dev "$1/dev"',
    'mount -t proc proc "$1/proc"',
    'mount -o remount,bind,ro "$1"',
    'root=$1; shift 3',
    'exec chroot "$root" "$@"',
  ].join('\n')
  const settings = Object.entries({ ...image.env, ...env }).map(
    ([name, value]) => `${name}=${value}`,
  )
  const drop = [
    ...['setpriv', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'],
    ...[`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
  ]
  const inside = ['env', '-i', `--chdir=${workdir}`, ...settings, ...command]
  const args = ['--mount', 'sh', '-ec', script, 'sh', root, data, volume, ...drop, ...inside]
  return spawn('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'] })
}

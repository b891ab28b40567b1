/**
 * `npm run release`: writes a version's files into `release/`: packages and sources as archives,
 * dependencies (SBOM, CycloneDX) and checksums. It publishes nothing.
 *
 * It refuses uncommitted changes, a version without an entry in CHANGELOG.md, and a failing `npm
 * test`. `--skip-tests` omits the tests, for a second run on the same commit.
 */

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { environmentWithoutSettings } from '../conformance/support/environment.ts'
import { buildConsole, buildPackages, PUBLISHED } from './build-packages.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** Reasons why this state of the repository must not be released; empty if there are none. */
export function reasonsAgainst(state: {
  readonly version: string
  /** Versions of the workspaces, by name. */
  readonly versions: Readonly<Record<string, string>>
  readonly changelog: string
  /** Output of `git status --porcelain`. */
  readonly changes: string
}): string[] {
  const reasons: string[] = []
  if (state.changes !== '') reasons.push('There are changes that are not committed')
  for (const [name, version] of Object.entries(state.versions)) {
    if (version !== state.version) reasons.push(`${name} is ${version}, not ${state.version}`)
  }
  const heading = new RegExp(
    `^## \\[${state.version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d\\d-\\d\\d$`,
    'm',
  )
  if (!heading.test(state.changelog)) {
    reasons.push(`CHANGELOG.md has no "## [${state.version}] - YYYY-MM-DD"`)
  }
  return reasons
}

/**
 * Writes the files of a release into a folder, which is emptied first. @returns their names,
 * sorted.
 */
export function writeRelease(folder: string, version: string): string[] {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const built = mkdtempSync(join(tmpdir(), 'miot-release-'))
  try {
    const packages = buildPackages(built)
    const sources = PUBLISHED.map((name) => packages[name])
    run('npm', ['pack', ...sources, '--pack-destination', folder], built)
  } finally {
    rmSync(built, { recursive: true, force: true })
  }
  const name = `modulariot-${version}`
  const archive = join(folder, `${name}.tar.gz`)
  buildConsole()
  run(
    'git',
    [
      ...['archive', '--format=tar.gz', '-o', archive],
      ...builtConsole(name),
      ...[`--prefix=${name}/`, 'HEAD'],
    ],
    ROOT,
  )
  const sbom = JSON.parse(run('npm', ['sbom', '--sbom-format', 'cyclonedx'], ROOT))
  writeFileSync(
    join(folder, `${name}.cdx.json`),
    `${JSON.stringify(withoutDevelopment(sbom), null, 2)}\n`,
  )
  const files = readdirSync(folder).sort()
  const sums = files.map((file) => `${sha256(join(folder, file))}  ${file}\n`)
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''))
  return [...files, 'SHA256SUMS']
}

/** Options of `git archive` that add the built web page, which is not in Git. */
function builtConsole(name: string): string[] {
  const folder = join('packages', 'console', 'dist')
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const path = relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/')
      return [`--prefix=${name}/${dirname(path)}/`, `--add-file=${path}`]
    })
}

interface Sbom {
  readonly components: readonly {
    readonly 'bom-ref': string
    readonly properties?: readonly { readonly name: string }[]
  }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

/**
 * `npm sbom --omit dev` also omits dependencies shared by a package and the repository's own tools,
 * such as jose.
 */
function withoutDevelopment(sbom: Sbom): Sbom {
  const components = sbom.components.filter(
    ({ properties = [] }) => !properties.some(({ name }) => name === 'cdx:npm:package:development'),
  )
  const refs = new Set(components.map((component) => component['bom-ref']))
  const isKept = (ref: string): boolean => refs.has(ref) || ref.startsWith('modulariot@')
  const dependencies = sbom.dependencies
    .filter(({ ref }) => isKept(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isKept) }))
  return { ...sbom, components, dependencies }
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: environmentWithoutSettings(),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 ** 2,
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed:\n${error?.message ?? stderr}`)
  return stdout
}

function manifest(folder: string): { readonly name: string; readonly version: string } {
  return JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
}

function main(): void {
  const { values } = parseArgs({
    options: {
      'skip-tests': { type: 'boolean', default: false },
      out: { type: 'string', default: 'release' },
    },
  })
  const { version } = manifest('.')
  const workspaces = readdirSync(join(ROOT, 'packages')).map((name) => manifest(`packages/${name}`))
  const reasons = reasonsAgainst({
    version,
    versions: Object.fromEntries(workspaces.map((one) => [one.name, one.version])),
    changelog: readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8'),
    changes: run('git', ['status', '--porcelain'], ROOT).trim(),
  })
  if (reasons.length > 0) {
    process.stderr.write(
      `${version} cannot be released:\n${reasons.map((one) => `- ${one}\n`).join('')}`,
    )
    process.exit(1)
  }
  if (!values['skip-tests']) {
    const { status } = spawnSync('npm', ['test'], { cwd: ROOT, stdio: 'inherit' })
    if (status !== 0) process.exit(1)
  }
  const folder = resolve(ROOT, values.out)
  const files = writeRelease(folder, version)
  process.stdout.write(
    `${version} is in ${folder}:\n${files.map((file) => `  ${file}\n`).join('')}`,
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()

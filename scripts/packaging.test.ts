import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { environmentWithoutSettings } from '../conformance/support/environment.ts'
import { type RunningServer, startServer } from '../conformance/support/running-server.ts'
import {
  ASSET_TRACKING_EXAMPLES,
  AssetTrackingData,
  parseAssetTrackingData,
} from '../packages/telemetry/src/index.ts'
import {
  EXPECTED,
  installPacked,
  REQUIRED,
  requireWith,
  type StrangersProject,
  startProxy,
  useWith,
} from './packaging.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

let project: StrangersProject
let server: RunningServer

before(async () => {
  project = installPacked()
  server = await startServer()
})
after(async () => {
  await server?.stop()
  project?.remove()
})

describe('the packed packages', () => {
  it('work on the pinned Node', () => {
    assert.deepEqual(useWith(process.execPath, [], project, server), EXPECTED)
  })

  it('work on the machine’s own Node', (context) => {
    const own = machinesNode()
    if (own === null) return context.skip('the machine has no Node of its own that engines allow')
    assert.deepEqual(useWith(own, [], project, server), EXPECTED)
  })

  it('use a proxy of the environment on the pinned Node, when it is told to', async () => {
    const proxy = await startProxy(project)
    try {
      const environment = { ...proxy.environment, NODE_USE_ENV_PROXY: '1' }
      assert.deepEqual(useWith(process.execPath, [], project, server, environment), EXPECTED)
      assert.ok(proxy.wasUsed())
    } finally {
      proxy.stop()
    }
  })

  it('can be required by CommonJS, on every Node that engines allow', (context) => {
    assert.deepEqual(requireWith(process.execPath, project), REQUIRED)
    const own = machinesNode()
    if (own === null) return context.diagnostic('the machine has no other Node')
    assert.deepEqual(requireWith(own, project), REQUIRED)
  })

  it('have one outside dependency: jose', () => {
    const installed = readdirSync(join(project.directory, 'node_modules'))
      .filter((name) => !name.startsWith('.'))
      .sort()
    assert.deepEqual(installed, ['@modulariot', 'jose'])
    const ours = readdirSync(join(project.directory, 'node_modules', '@modulariot')).sort()
    assert.deepEqual(ours, ['oauth', 'sdk', 'telemetry'])
  })

  it('contain JavaScript, declarations, a README, a licence and a manifest, and no test', () => {
    for (const [path] of packedFiles()) {
      assert.match(path, /(\.js|\.d\.ts|\/README\.md|\/LICENSE|\/NOTICE|\/package\.json)$/)
      assert.doesNotMatch(path, /test|fixture/)
    }
  })

  it('need Node only under /node', () => {
    for (const [path, text] of packedFiles()) {
      if (path.includes('/node/') || !path.endsWith('.js')) continue
      assert.doesNotMatch(text, /from ['"]node:|\bBuffer\b|\brequire\(/, path)
    }
    for (const name of ['oauth', 'sdk', 'telemetry']) {
      const manifest = JSON.parse(readFileSync(packed(name, 'package.json'), 'utf8'))
      for (const [subpath, entry] of Object.entries(manifest.exports)) {
        if (subpath === './node') continue
        const start = packed(name, (entry as { default: string }).default)
        for (const path of reachableFrom(start)) assert.doesNotMatch(path, /\/node\//)
      }
    }
  })
})

describe('npm publish', () => {
  const SOURCES = ['.', ...readdirSync(join(ROOT, 'packages')).map((name) => `packages/${name}`)]

  it('is refused in every source folder, with any flags', () => {
    for (const folder of SOURCES) {
      const manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'))
      assert.equal(manifest.private, true, `${folder}: refused with --ignore-scripts too`)
      const [, script = ''] = manifest.scripts.prepublishOnly.split('node ')
      assert.equal(join(ROOT, folder, script), join(ROOT, 'scripts/refuse-publishing.mjs'), folder)
    }
  })

  it('says what to do instead in a source folder', () => {
    for (const folder of ['.', 'packages/sdk']) {
      const { status, stderr } = publish(join(ROOT, folder))
      assert.equal(status, 1, folder)
      assert.match(stderr, /Run npm run build .* npm publish in packages\/oauth\/dist/)
    }
  })

  it('works in a built folder', () => {
    const { status, stderr } = publish(join(project.directory, '..', 'built', 'sdk'))
    assert.equal(status, 0, stderr)
    for (const name of ['oauth', 'sdk', 'telemetry']) {
      const manifest = JSON.parse(readFileSync(packed(name, 'package.json'), 'utf8'))
      assert.equal('private' in manifest || 'scripts' in manifest, false, name)
    }
  })
})

/** A rehearsal with an unreachable registry: nothing leaves this machine. */
function publish(cwd: string) {
  const cache = join(project.directory, '..', 'cache')
  const args = [
    'publish',
    '--dry-run',
    '--registry=http://127.0.0.1:9/',
    '--fetch-retries=0',
    `--cache=${cache}`,
  ]
  return spawnSync('npm', args, {
    cwd,
    env: environmentWithoutSettings(),
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
}

describe('their types', () => {
  it('are complete without our sources and Node’s types', () => {
    const code = `
      import { createVerifier, type Verifier } from '@modulariot/oauth/resource-server'
      import { type AssetTrackingData, createClient, type ModularIoT, type Tracked } from '@modulariot/sdk'
      import { createAdminClient, type ModularIoTAdmin } from '@modulariot/sdk/admin'
      import { type CanonicalMetricKey, parseAssetTrackingData } from '@modulariot/telemetry'
      import '@modulariot/oauth/client'
      import '@modulariot/oauth/protocol'
      export const verifier: (options: Parameters<typeof createVerifier>[0]) => Verifier = createVerifier
      const data: AssetTrackingData = { asset_id: 'T', timestamp: 'x', sensors: { odometer: 1, own: 2 } }
      export const miot: ModularIoT = createClient({
        token_endpoint: '', apiUrl: '', client_id: '', client_secret: () => '', audience: '',
      })
      export const admin: ModularIoTAdmin = createAdminClient({ issuer: '', client_id: '', client_secret: '' })
      export const tracked: Promise<Tracked> = miot.assets.track(data)
      parseAssetTrackingData(data, { nowMs: 0 })
      // @ts-expect-error: asset_id is required
      miot.assets.track({ timestamp: '' })
      // An editor completes the canonical keys, and other keys remain possible.
      type Key = NonNullable<AssetTrackingData['metrics']>['items'][number]['k']
      type Is<T> = <X>() => X extends T ? 1 : 2
      export const completes: Is<Key> extends Is<CanonicalMetricKey | (string & {})> ? true : false = true
      export const keys: Key[] = ['engine.rpm', 'x.mine']
      // @ts-expect-error: not a canonical key
      export const misspelt: CanonicalMetricKey = 'engine.rmp'
    `
    typecheck('stranger.ts', code, {
      lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
      types: [],
      skipLibCheck: false,
    })
  })

  it('need one import: types, errors and classes come from every entry', () => {
    const code = `
      import { challenge, OAuthError, TokenSource } from '@modulariot/oauth'
      import * as root from '@modulariot/sdk'
      import { ConfigError, ModularIoT, type Reading, RefusedError, Spool, TokenError, ValidationError } from '@modulariot/sdk/node'
      export class Device {
        readonly miot: ModularIoT = ModularIoT.fromEnv()
        readonly other: root.ModularIoT = this.miot
        readonly reading: Reading = { asset_id: 'T' }
      }
      const same: typeof root.ValidationError = ValidationError
      export const all = [challenge, OAuthError, TokenSource, ConfigError, RefusedError, Spool, TokenError, same]
    `
    typecheck('one-import.ts', code, { types: ['node'] })
  })

  for (const name of ['oauth', 'telemetry', 'sdk']) {
    it(`match the code in the README of ${name}`, () => {
      const readme = readFileSync(packed(name, 'README.md'), 'utf8')
      const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code as string)
      assert.ok(blocks.length > 0)
      for (const code of blocks) typecheck('readme.ts', code, { types: ['node'] })
    })
  }

  it('have the type of a report that the schema has', () => {
    const source = JSON.stringify(join(ROOT, 'packages/telemetry/src/index.ts'))
    const code = `
      import type * as packed from '@modulariot/telemetry'
      import type * as source from ${source}
      type Flat<T> = T extends readonly (infer E)[] ? Flat<E>[] : T extends object ? { [K in keyof T]: Flat<T[K]> } : T
      type Is<T> = <X>() => X extends T ? 1 : 2
      type Same<A, B> = Is<Flat<A>> extends Is<Flat<B>> ? true : false
      // Same does not detect whether other fields are allowed.
      type Extras<E extends { additional_info?: object }, T extends { sensors?: object }> =
        [keyof NonNullable<E['additional_info']>, keyof NonNullable<T['sensors']>]
      export const same: [
        Same<Extras<packed.AssetEvent, packed.AssetTrackingData>, Extras<source.AssetEvent, source.AssetTrackingData>>,
        Same<packed.AssetTrackingData, source.AssetTrackingData>,
        Same<packed.MetricItem, source.MetricItem>,
        Same<packed.AssetEvent, source.AssetEvent>,
        Same<typeof packed.METRIC_SOURCES, typeof source.METRIC_SOURCES>,
        Same<typeof packed.MAX_EVENTS, typeof source.MAX_EVENTS>,
      ] = [true, true, true, true, true, true]
    `
    typecheck('same.ts', code, {
      lib: ['esnext'],
      // The source compiles its schema with Node's help; the package is without.
      types: ['node'],
      allowImportingTsExtensions: true,
      exactOptionalPropertyTypes: true,
    })
  })
})

/** The names of the tests in a file, and of their groups. */
function titlesIn(text: string): string[] {
  const calls = text.matchAll(/\b(?:it|describe)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)
  return [...calls].map(([, , title]) => title as string)
}

describe('the guarantees in the READMEs', () => {
  for (const name of ['oauth', 'telemetry', 'sdk']) {
    it(`of ${name} name existing tests`, () => {
      const readme = readFileSync(join(ROOT, 'packages', name, 'README.md'), 'utf8')
      const rows = [...readme.matchAll(/`([\w/.-]+\.(?:test|runtimes)\.ts)`(?:: ([^|]+?))? ?[|,]/g)]
      assert.ok(rows.length >= 5)
      for (const [, path, title] of rows as unknown as [string, string, string | undefined][]) {
        const inPackage = join(ROOT, 'packages', name, 'src', path)
        const file = existsSync(inPackage) ? inPackage : join(ROOT, path)
        assert.ok(existsSync(file), path)
        const titles = titlesIn(readFileSync(file, 'utf8'))
        assert.ok(
          titles.some((one) => one.includes(title ?? '')),
          `${path}: ${title}`,
        )
      }
    })
  }
})

describe('validation without TypeBox', () => {
  it('gives the same results and texts as the source', async () => {
    const packedTelemetry = await import(packed('telemetry', 'index.js'))
    const nowMs = Date.parse('2026-01-15T12:00:00Z')
    const examples = Object.values(ASSET_TRACKING_EXAMPLES).map(({ value }) => value)
    const bodies = [...examples, ...examples.flatMap(spoiled), null, [], 'text', {}]
    for (const body of bodies) {
      assert.deepEqual(
        packedTelemetry.parseAssetTrackingData(body, { nowMs }),
        parseAssetTrackingData(body, { nowMs }),
      )
    }
    assert.deepEqual(
      packedTelemetry.AssetTrackingData,
      JSON.parse(JSON.stringify(AssetTrackingData)),
    )
  })
})

/** A copy for each field, with an unlikely value in it. */
function spoiled(example: object): unknown[] {
  const copies: unknown[] = []
  const walk = (holder: Record<string, unknown>, root: object): void => {
    for (const [name, value] of Object.entries(holder)) {
      for (const junk of [null, 'junk', -1e9, {}, []]) {
        holder[name] = junk
        copies.push(structuredClone(root))
      }
      holder[name] = value
      if (typeof value === 'object' && value !== null) walk(value as Record<string, unknown>, root)
    }
  }
  const root = structuredClone(example)
  walk(root as Record<string, unknown>, root)
  return copies
}

function packed(name: string, path: string): string {
  return join(project.directory, 'node_modules', '@modulariot', name, path)
}

function packedFiles(): [path: string, text: string][] {
  const root = join(project.directory, 'node_modules', '@modulariot')
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.replaceAll('\\', '/'), readFileSync(path, 'utf8')])
}

/** A module and all that it imports by a relative path, directly or indirectly. */
function reachableFrom(start: string, seen = new Set<string>()): Set<string> {
  if (seen.has(start)) return seen
  seen.add(start)
  for (const [, name] of readFileSync(start, 'utf8').matchAll(/from '(\.[^']+)'/g)) {
    reachableFrom(join(dirname(start), name as string), seen)
  }
  return seen
}

function typecheck(file: string, code: string, compilerOptions: object): void {
  writeFileSync(join(project.directory, file), code)
  const config = {
    compilerOptions: {
      ...{ target: 'es2023', module: 'nodenext', moduleResolution: 'nodenext', strict: true },
      ...{ noEmit: true, skipLibCheck: true, typeRoots: [join(ROOT, 'node_modules', '@types')] },
      ...compilerOptions,
    },
    files: [file],
  }
  writeFileSync(join(project.directory, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', project.directory], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stdout)
}

/** The first Node on the PATH that is not the pinned one, if it is new enough. */
function machinesNode(): string | null {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const paths = (process.env.PATH ?? '').split(delimiter)
  const node = paths
    .filter((path) => !path.includes('node_modules'))
    .map((path) => join(path, name))
    .find((path) => existsSync(path))
  if (node === undefined) return null
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  const [major = 0, minor = 0] = stdout.slice(1).split('.').map(Number)
  const isAllowed = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)
  return isAllowed ? node : null
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findFaults } from './check-imports.ts'

function faultsOf(path: string, text: string): string[] {
  return findFaults([{ path, text }])
}

describe('the import guard', () => {
  const REFUSED: readonly (readonly [string, string, string])[] = [
    ['an upward import', 'oauth/src/protocol/a.ts', "import { x } from '@modulariot/auth'"],
    ['a sideways import', 'api/src/a.ts', "import type { x } from '@modulariot/auth'"],
    ['a path into another package', 'api/src/a.ts', "import { x } from '../../auth/src/b.ts'"],
    ['Fastify outside http', 'auth/src/grants/a.ts', "import Fastify from 'fastify'"],
    ['SQLite outside a store', 'api/src/read/a.ts', "import { DatabaseSync } from 'node:sqlite'"],
    ['Node in a published package', 'oauth/src/client/a.ts', "import { x } from 'node:crypto'"],
    ['a late import', 'telemetry/src/a.ts', "await import('@modulariot/api')"],
    ['an export from above', 'telemetry/src/a.ts', "export * from '@modulariot/api'"],
    ['an import over lines', 'oauth/src/a.ts', "import {\n  x,\n  y,\n} from '@modulariot/auth'"],
    ['the environment', 'auth/src/a.ts', 'const x = process.env.HOME'],
  ]
  for (const [what, path, text] of REFUSED) {
    it(`finds ${what}`, () => assert.equal(faultsOf(path, text).length, 1))
  }

  it('finds a cycle of files', () => {
    const faults = findFaults([
      { path: 'auth/src/a.ts', text: "import { b } from './b.ts'" },
      { path: 'auth/src/b.ts', text: "import type { a } from './a.ts'" },
    ])
    assert.deepEqual(faults, ['circle: auth/src/a.ts -> auth/src/b.ts -> auth/src/a.ts'])
  })

  it('finds a cycle of folders whose files form none, including type imports', () => {
    const faults = findFaults([
      { path: 'auth/src/keys/a.ts', text: "import type { b } from '../store/b.ts'" },
      { path: 'auth/src/store/b.ts', text: '' },
      { path: 'auth/src/store/c.ts', text: "import { d } from '../clients/d.ts'" },
      { path: 'auth/src/clients/d.ts', text: "import { e } from '../keys/e.ts'" },
    ])
    assert.deepEqual(faults, [
      'circle: auth/src/keys (a.ts) -> auth/src/store (c.ts) -> auth/src/clients (d.ts) -> auth/src/keys',
    ])
  })

  it('allows any import in a test', () => {
    const faults = findFaults([
      { path: 'auth/src/keys/a.ts', text: "import { b } from '../store/b.ts'" },
      { path: 'auth/src/store/b.test.ts', text: "import { a } from '../keys/a.ts'" },
    ])
    assert.deepEqual(faults, [])
  })

  it('allows the imports of the diagram', () => {
    const text =
      "import { x } from '@modulariot/oauth/protocol'\nimport { y } from '../clients/y.ts'"
    assert.deepEqual(faultsOf('auth/src/grants/a.ts', text), [])
    assert.deepEqual(faultsOf('auth/src/http/a.ts', "import Fastify from 'fastify'"), [])
    assert.deepEqual(faultsOf('cli/src/miot.ts', 'run(process.env)'), [])
  })
})

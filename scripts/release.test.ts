import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { reasonsAgainst, writeRelease } from './release.ts'

const GOOD = {
  version: '1.2.3',
  versions: { '@modulariot/sdk': '1.2.3' },
  changelog: '# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-01-15\n\n### Added\n',
  changes: '',
}

describe('a release', () => {
  it('is refused for uncommitted changes, another version or a missing changelog entry', () => {
    assert.deepEqual(reasonsAgainst(GOOD), [])
    const bad = [
      { changes: ' M README.md' },
      { versions: { '@modulariot/sdk': '1.2.2' } },
      { changelog: GOOD.changelog.replace('1.2.3', '1x2x3') },
      { changelog: '## [1.2.3]\n' },
    ]
    for (const one of bad) assert.equal(reasonsAgainst({ ...GOOD, ...one }).length, 1)
  })

  it('contains packages, sources, a list of dependencies, and matching checksums', {
    skip: !existsSync(new URL('../.git', import.meta.url)) && 'there is no git repository',
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'miot-release-test-'))
    try {
      const files = writeRelease(folder, '0.1.0')
      assert.deepEqual(files, [
        'modulariot-0.1.0.cdx.json',
        'modulariot-0.1.0.tar.gz',
        'modulariot-oauth-0.1.0.tgz',
        'modulariot-sdk-0.1.0.tgz',
        'modulariot-telemetry-0.1.0.tgz',
        'SHA256SUMS',
      ])
      const check = spawnSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: folder })
      if (check.error === undefined) assert.equal(check.status, 0, String(check.stdout))
      const sbom = JSON.parse(readFileSync(join(folder, 'modulariot-0.1.0.cdx.json'), 'utf8'))
      assert.equal(sbom.bomFormat, 'CycloneDX')
      const names = sbom.components.map(({ name }: { name: string }) => name)
      for (const name of ['jose', 'pg', 'fastify']) assert.ok(names.includes(name), name)
      assert.ok(!names.includes('typescript'), 'build tools are not listed')
      const list = spawnSync('tar', ['-tzf', 'modulariot-sdk-0.1.0.tgz'], { cwd: folder })
      if (list.error === undefined) assert.match(String(list.stdout), /package\/LICENSE/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

it('npm run release names the reason of a refusal', () => {
  const script = fileURLToPath(new URL('./release.ts', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [script, '--skip-tests'], {
    encoding: 'utf8',
  })
  assert.equal(status, 1)
  assert.match(
    stderr,
    /0\.1\.0 cannot be released:\n(- .*\n)*- CHANGELOG\.md has no "## \[0\.1\.0\]/,
  )
})

/**
 * The alerts and the dashboard of examples/monitoring: Prometheus accepts and tests them, and they
 * use only metrics that the servers publish. Without promtool, only the latter is checked.
 */

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '@modulariot/platform/testing/free-port'
import { environmentWithoutSettings } from '../conformance/support/environment.ts'
import { untilItListens } from '../conformance/support/until-it-listens.ts'
import { ALL_REFUSAL_LABELS } from '../packages/oauth/src/protocol/refusal-labels.ts'
import { createMetrics } from '../packages/platform/src/metrics/index.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const EXAMPLES = join(ROOT, 'examples/monitoring')
const read = (name: string): string => readFileSync(join(EXAMPLES, name), 'utf8')

interface Panel {
  readonly id: number
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number }
  readonly targets: readonly { readonly expr: string }[]
}

const dashboard = JSON.parse(read('dashboard.json')) as {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string }[] }
}
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))

/** With values for the variables of the dashboard. */
function plain(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*')
}

/** As declared in the source, with what Prometheus makes of histograms. */
async function published(): Promise<Set<string>> {
  const files = globSync(join(ROOT, 'packages/*/src/**/*.ts'))
  const sources = files.filter((path) => !path.endsWith('.test.ts'))
  const text = sources.map((path) => readFileSync(path, 'utf8')).join('\n')
  const own = [...text.matchAll(/name: '(miot_\w+)'/g)].map(([, name]) => name as string)
  assert.ok(own.length > 20, `${own.length} names`)
  const { text: page } = await (await createMetrics()).page()
  const library = [...page.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name as string)
  const names = [...own, ...library]
  return new Set(['up', ...names, ...names.map((name) => `${name}_bucket`)])
}

const NAME = /\b(?:miot|process|nodejs)_\w+/g

describe('the examples for monitoring', () => {
  it('use metrics that exist, and refusals that exist', async () => {
    const known = await published()
    const used = [read('alerts.yml'), read('alerts.test.yml'), ...expressions]
      .join('\n')
      .matchAll(NAME)
    const unknown = [...used].map(([name]) => name).filter((name) => !known.has(name))
    assert.deepEqual(unknown, [])
    const reasons = /reason=~"([^"]+)"/.exec(read('alerts.yml'))?.[1]?.split('|') ?? []
    assert.ok(reasons.length > 3)
    for (const reason of reasons) assert.ok(ALL_REFUSAL_LABELS.includes(reason), reason)
  })

  it('are complete: each metric of ours is in the documentation and on the dashboard', async () => {
    const pages = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8')
    const shown = expressions.join('\n')
    const own = [...(await published())].filter((name) => /^miot_/.test(name))
    for (const name of own.filter((one) => !one.endsWith('_bucket'))) {
      assert.ok(pages.includes(`\`${name}`), `docs/operations.md lacks ${name}`)
      assert.ok(shown.includes(name), `dashboard.json lacks ${name}`)
    }
  })

  it('have a test for each alert', () => {
    const tested = read('alerts.test.yml').matchAll(/ModularIoT(?:\w+|\([\w|]+\))/g)
    const patterns = [...tested].map(([name]) => new RegExp(`^${name}`))
    const alerts = [...read('alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '')
    for (const name of alerts)
      assert.ok(
        patterns.some((one) => one.test(name)),
        name,
      )
  })
})

describe('the dashboard', () => {
  it('has panels of their own place and id, and defines the variables it uses', () => {
    const { panels, templating } = dashboard
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
    const places = panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)
    assert.equal(new Set(places).size, panels.length)
    for (const { title, gridPos } of panels) assert.ok(gridPos.x + gridPos.w <= 24, title)
    const variables = ['__rate_interval', '__all', ...templating.list.map(({ name }) => name)]
    for (const [, name] of read('dashboard.json').matchAll(/\$\{?(\w+)/g)) {
      assert.ok(variables.includes(name ?? ''), name ?? '')
    }
  })
})

const PROMTOOL = 'promtool'
const missing = spawnSync(PROMTOOL, ['--version']).error !== undefined
const skip = missing && 'NOT CHECKED: promtool is missing (apt-get install prometheus)'
if (skip) process.stderr.write(`${skip}\n`)

describe('promtool', { skip }, () => {
  const accepts = (...args: string[]): void => {
    const options = { cwd: EXAMPLES, env: environmentWithoutSettings(), encoding: 'utf8' } as const
    const { status, stdout, stderr } = spawnSync(PROMTOOL, args, options)
    assert.equal(status, 0, stdout + stderr)
  }

  it('accepts the configuration with its alerts', () =>
    accepts('check', 'config', 'prometheus.yml'))

  it('passes their tests', () => accepts('test', 'rules', 'alerts.test.yml'))

  it('parses every query of the dashboard', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'dashboard-'))
    const rules = expressions.map((expr, index) => ({
      record: `panel:${index}`,
      expr: plain(expr),
    }))
    const path = join(folder.path, 'queries.yml')
    // JSON is YAML.
    writeFileSync(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    accepts('check', 'rules', path)
  })
})

const PROMETHEUS = 'prometheus'
const noPrometheus = spawnSync(PROMETHEUS, ['--version']).error !== undefined

it('a real Prometheus loads the alerts, and answers every query of the dashboard', {
  skip: noPrometheus && 'NOT CHECKED: prometheus is missing (apt-get install prometheus)',
  timeout: 60_000,
}, async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'prometheus-'))
  const port = await freePort()
  const args = [
    `--config.file=${join(EXAMPLES, 'prometheus.yml')}`,
    `--storage.tsdb.path=${folder.path}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  const env = environmentWithoutSettings()
  const child = spawn(PROMETHEUS, args, { env, stdio: 'ignore' })
  try {
    await untilItListens(child, port, 30_000)
    // It reads its own storage first.
    while ((await fetch(`http://127.0.0.1:${port}/-/ready`)).status !== 200) await sleep(20)
    const ask = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)
      return (await response.json()) as { status: string; data: { groups: { rules: unknown[] }[] } }
    }
    const { data } = await ask('rules')
    assert.equal(data.groups[0]?.rules.length, read('alerts.yml').match(/- alert:/g)?.length)
    for (const expr of expressions) {
      const { status } = await ask(`query?query=${encodeURIComponent(plain(expr))}`)
      assert.equal(status, 'success', expr)
    }
  } finally {
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    await exit
  }
})

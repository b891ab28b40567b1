/**
 * The two modules of `@modulariot/telemetry` that need TypeBox, rewritten without it, so that the
 * published package has no dependencies.
 *
 * The schema becomes the JSON it evaluates to, its static types are generated from that JSON, and
 * the compiled check is replaced by the walk beside it; a property test compares the two.
 * `packaging.test.ts` compares the types and results of the packed package with the source.
 */

import * as source from '../packages/telemetry/src/asset-tracking-data.ts'
import type { SchemaNode } from '../packages/telemetry/src/schema-faults.ts'

/** Text by path below the package's build. */
export function plainTelemetry(): Record<string, string> {
  return {
    'asset-tracking-data.js': schemaModule(),
    'asset-tracking-data.d.ts': schemaTypes(),
    'compiled-schema.js':
      '/** Always false here: the walk validates every body. */\nexport const passesFastCheck = () => false\n',
  }
}

const HEADER = '/** Written by scripts/plain-telemetry.ts from asset-tracking-data.ts. */\n\n'

function schemaModule(): string {
  const lines = Object.entries(source).map(([name, value]) => {
    const text = JSON.stringify(value, null, 2)
    if (text === undefined) throw new Error(`plain-telemetry: ${name} is no JSON; write it here`)
    return `export const ${name} = ${text}\n`
  })
  return HEADER + lines.join('\n')
}

function schemaTypes(): string {
  const { AssetTrackingData, ...constants } = source
  const canonicalKeys = "import type { CanonicalMetricKey } from './metric-registry.js'\n"
  const root = JSON.parse(JSON.stringify(AssetTrackingData)) as SchemaNode
  const values = Object.entries(constants).map(
    ([name, value]) => `export declare const ${name}: ${readonlyType(value)}\n`,
  )
  const types = Object.entries(namedNodes(root)).map(
    ([name, node]) => `export type ${name} = ${typeOf(node, '', false)}\n`,
  )
  const schema = '/** JSON Schema. */\nexport declare const AssetTrackingData: object\n'
  return HEADER + [canonicalKeys, ...values, schema, ...types].join('\n')
}

/** The types of the schema with a name of their own. */
function namedNodes(root: SchemaNode): Record<string, SchemaNode> {
  const items = root.properties?.metrics?.properties?.items?.items
  const event = root.properties?.events?.items
  if (items === undefined || event === undefined) throw new Error('plain-telemetry: node not found')
  return { MetricItem: items, AssetEvent: event, AssetTrackingData: root }
}

/** Fields marked as `extended` in the source: their types allow other fields. */
const EXTENDED = new Set(['sensors', 'additional_info'])

const PLAIN_TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  object: 'Record<string, unknown>',
}

function typeOf(node: SchemaNode, indent: string, extended: boolean): string {
  if (node.pattern === source.METRIC_KEY_PATTERN) {
    return 'CanonicalMetricKey | (string & {})'
  }
  if (node.anyOf) return node.anyOf.map((branch) => typeOf(branch, indent, extended)).join(' | ')
  if (node.const !== undefined) return JSON.stringify(node.const)
  if (node.enum) return node.enum.map((one) => JSON.stringify(one)).join(' | ')
  if (node.type === 'array') return `Array<${typeOf(node.items ?? {}, indent, false)}>`
  if (!node.properties) return PLAIN_TYPES[node.type ?? ''] ?? 'unknown'
  const inner = `${indent}  `
  const fields = Object.entries(node.properties).map(([name, field]) => {
    const mark = node.required?.includes(name) ? '' : '?'
    return `${comment(field, inner)}${inner}${name}${mark}: ${typeOf(field, inner, EXTENDED.has(name))}\n`
  })
  return `{\n${fields.join('')}${indent}}${extended ? ' & Record<string, unknown>' : ''}`
}

function comment(node: SchemaNode & { readonly description?: string }, indent: string): string {
  return node.description === undefined ? '' : `${indent}/** ${node.description} */\n`
}

function readonlyType(value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value)
  return `readonly [${value.map((one) => JSON.stringify(one)).join(', ')}]`
}

/** The part of the schema that TypeBox and `schema-faults.ts` validate. */

import { AssetTrackingData } from './asset-tracking-data.ts'
import type { SchemaNode } from './schema-faults.ts'

/**
 * The schema as plain JSON, without the string rules of fields that have `x-checked-by`: they would
 * be checked twice, and timestamps by rules that differ from ours.
 */
export const CHECKED_SCHEMA = JSON.parse(
  JSON.stringify(AssetTrackingData, (_key, node) =>
    node?.['x-checked-by'] === undefined
      ? node
      : { ...node, format: undefined, pattern: undefined, maxLength: undefined },
  ),
) as SchemaNode

/** The part of the schema that is checked as a schema. */

import { AssetTrackingData } from './asset-tracking-data.ts'
import type { SchemaNode } from './schema-faults.ts'

/**
 * The schema as plain JSON, without what is checked elsewhere (`x-checked-by`): those texts would
 * be checked a second time, and timestamps by other rules than ours.
 */
export const CHECKED_SCHEMA = JSON.parse(
  JSON.stringify(AssetTrackingData, (_key, node) =>
    node?.['x-checked-by'] === undefined
      ? node
      : { ...node, format: undefined, pattern: undefined, maxLength: undefined },
  ),
) as SchemaNode

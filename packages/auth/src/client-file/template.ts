/** An example of a file to fill in: every column that a page offers, and two rows. */

import { csvLine } from '@modulariot/platform/csv-line'
import { COLUMN_NAMES } from './columns.ts'

const ROWS: readonly Readonly<Record<string, string>>[] = [
  { name: 'Truck 1', external_id: 'TRUCK-0001', tags: 'trucks north' },
  {
    name: 'Truck 2',
    external_id: 'TRUCK-0002',
    tags: 'trucks south',
    allow: '203.0.113.0/24 2001:db8::/48',
    allow_mode: 'observe',
  },
]

/** Without the environment, which the place of the import determines. */
const COLUMNS = COLUMN_NAMES.filter((name) => name !== 'environment')

export const CLIENTS_TEMPLATE: string = [
  COLUMNS,
  ...ROWS.map((row) => COLUMNS.map((name) => row[name] ?? '')),
]
  .map(csvLine)
  .join('')

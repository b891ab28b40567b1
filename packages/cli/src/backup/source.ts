/** What copies the stores of one kind of database into a backup. */

import type { SealedKeys } from './key-check.ts'
import type { BackupFile, Manifest } from './manifest.ts'

export interface BackupSource {
  /** Writes files into the directory, and says of which state they are. */
  copy(directory: string): Promise<CopiedStores>
}

export interface CopiedStores extends Pick<Manifest, 'schemas' | 'trail'> {
  readonly names: readonly BackupFile[]
  /** The signing keys that were copied. */
  readonly sealed: SealedKeys
}

/** `backup.json`: what a backup holds, and of which moment. Written last. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditHead } from '@modulariot/auth'
import { CliError } from '../errors/cli-error.ts'
import type { StoreName } from '../stores/open-stores.ts'

export const MANIFEST = 'backup.json'
/** A program refuses a larger number: it could not read all of the backup. */
const FORMAT = 1

/** Files of a backup. A manifest cannot name any other, such as one outside of the directory. */
export const BACKUP_FILES = [
  'encryption.key',
  'quickstart.env',
  'audit-checkpoints.ndjson',
  'telemetry.db',
  'auth.db',
  'postgres.dump',
] as const
export type BackupFile = (typeof BACKUP_FILES)[number]

export interface FileSum {
  readonly name: BackupFile
  readonly bytes: number
  /** SHA-256 in hexadecimal. */
  readonly sha256: string
}

export interface Manifest {
  readonly format: number
  /** Version of the program that wrote it. */
  readonly program: string
  /** UTC, ISO 8601: every change up to then is in the backup. */
  readonly created_at: string
  readonly issuer: string
  readonly database: 'sqlite' | 'postgres'
  /** Newest migration of each store. */
  readonly schemas: Readonly<Record<StoreName, number>>
  /** The newest entry of the audit trail; null: the trail is empty. */
  readonly trail: AuditHead | null
  /** `setting`: the installation has it from `MIOT_ENCRYPTION_KEY`. */
  readonly encryption_key: 'included' | 'left_out' | 'setting'
  readonly files: readonly FileSum[]
}

export const manifestText = (manifest: Omit<Manifest, 'format'>): string =>
  `${JSON.stringify({ format: FORMAT, ...manifest }, null, 2)}\n`

/** @throws CliError when the directory holds no backup that this program can read. */
export function readManifest(directory: string): Manifest {
  const path = join(directory, MANIFEST)
  let manifest: unknown
  try {
    manifest = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw damaged(path)
    const { code } = error as NodeJS.ErrnoException
    const missing = code === 'ENOENT' || code === 'ENOTDIR'
    throw new CliError(
      missing ? 'not_found' : 'failure',
      missing
        ? `${directory} holds no complete backup: ${MANIFEST} is missing`
        : `${path} cannot be read (${code})`,
    )
  }
  const { format } = (manifest ?? {}) as { format?: unknown }
  if (typeof format === 'number' && format > FORMAT) {
    throw new CliError('failure', `${path} is of a newer program: restore it with that version`)
  }
  if (!isManifest(manifest)) throw damaged(path)
  return manifest
}

function damaged(path: string): CliError {
  return new CliError('failure', `${path} is damaged: use another backup`)
}

function isManifest(value: unknown): value is Manifest {
  const one = value as Manifest
  return (
    typeof value === 'object' &&
    value !== null &&
    one.format === FORMAT &&
    [one.program, one.issuer].every((text) => typeof text === 'string') &&
    !Number.isNaN(Date.parse(one.created_at)) &&
    ['sqlite', 'postgres'].includes(one.database) &&
    ['included', 'left_out', 'setting'].includes(one.encryption_key) &&
    [one.schemas?.auth, one.schemas?.telemetry].every(Number.isSafeInteger) &&
    (one.trail === null ||
      (Number.isSafeInteger(one.trail?.seq) && typeof one.trail.hash === 'string')) &&
    Array.isArray(one.files) &&
    one.files.every(isFileSum) &&
    new Set(one.files.map(({ name }) => name)).size === one.files.length &&
    neededBy(one).every((needed) => has(one, needed)) &&
    // It would replace the key that the operator put there.
    (one.encryption_key === 'included' || !has(one, 'encryption.key'))
  )
}

const has = ({ files }: Manifest, file: BackupFile): boolean =>
  files.some(({ name }) => name === file)

function neededBy({ database, encryption_key }: Manifest): BackupFile[] {
  return [
    ...(database === 'sqlite' ? (['auth.db', 'telemetry.db'] as const) : []),
    ...(database === 'postgres' ? (['postgres.dump'] as const) : []),
    ...(encryption_key === 'included' ? (['encryption.key'] as const) : []),
  ]
}

function isFileSum(value: unknown): value is FileSum {
  const { name, bytes, sha256 } = (value ?? {}) as Partial<FileSum>
  return (
    BACKUP_FILES.some((known) => known === name) &&
    Number.isSafeInteger(bytes) &&
    /^[0-9a-f]{64}$/.test(sha256 ?? '')
  )
}

/** The settings of the encryption key and the signing keys. A new one is a new row. */

import { DEFAULT_JWKS_MAX_AGE_SECONDS, DEFAULT_KEY_ROTATION_DAYS } from '@modulariot/auth/values'
import { parseCommand } from './key-command.ts'
import {
  oneOf,
  parseEncryptionKey,
  parseRsaLibrary,
  wholeNumber,
  wholeNumberOrNone,
} from './parsers.ts'
import type { SettingTable } from './setting.ts'

export const KEY_SETTINGS = {
  /** Null: the key in the data directory, created when missing. */
  encryptionKey: {
    name: 'MIOT_ENCRYPTION_KEY',
    unset: 'created once in `<data directory>/encryption.key`',
    parse: parseEncryptionKey,
    about:
      '32 bytes, base64url or hex. Encrypts signing keys and keys the digest of client secrets. Without it no client can log in; keep a copy apart from the database. All instances on one PostgreSQL database need the same key.',
  },
  encryptionKeyCommand: {
    name: 'MIOT_ENCRYPTION_KEY_COMMAND',
    unset: 'none',
    parse: parseCommand,
    about:
      'A program with arguments that prints that key, in place of `MIOT_ENCRYPTION_KEY`, so that a KMS or an HSM can keep it ([operations](operations.md#the-encryption-key-in-a-kms-or-an-hsm)). Words separated by spaces, without quoting; no shell runs it. It gets the environment without the settings (`MIOT_…`) and 10 seconds.',
  },
  /** Null: the encryption key is not being changed. */
  newEncryptionKey: {
    name: 'MIOT_NEW_ENCRYPTION_KEY',
    unset: 'none',
    parse: parseEncryptionKey,
    about:
      'The key that `miot keys reseal` changes to. Set it on every instance before, beside `MIOT_ENCRYPTION_KEY`: both are accepted, and the one that seals the signing keys in the store is used. Remove it when the change is finished.',
  },
  newEncryptionKeyCommand: {
    name: 'MIOT_NEW_ENCRYPTION_KEY_COMMAND',
    unset: 'none',
    parse: parseCommand,
    about: 'A command that prints that new key, in place of `MIOT_NEW_ENCRYPTION_KEY`.',
  },
  jwksMaxAgeSeconds: {
    name: 'MIOT_JWKS_MAX_AGE',
    default: String(DEFAULT_JWKS_MAX_AGE_SECONDS),
    parse: wholeNumber(1, 86_400),
    about:
      'Seconds that verifiers may cache the published keys (`Cache-Control` of `/.well-known/jwks.json`), 1 to 86400. A new key is published for twice as long before it signs.',
  },
  /** Null: keys are not replaced on a schedule. */
  keyRotationDays: {
    name: 'MIOT_KEY_ROTATION_DAYS',
    default: String(DEFAULT_KEY_ROTATION_DAYS),
    parse: wholeNumberOrNone(3650),
    about:
      'Days of signing after which a key is replaced, 1 to 3650; `0`: only by `miot keys rotate`.',
  },
  /** Null: all signing keys are in the store. */
  signerCommand: {
    name: 'MIOT_SIGNER_COMMAND',
    unset: 'none',
    parse: parseCommand,
    about:
      'A program with arguments that holds signing keys in an HSM or a KMS and signs with them ([operations](operations.md#signing-keys-in-an-hsm-or-a-kms)). `miot serve` keeps it running. Written as `MIOT_ENCRYPTION_KEY_COMMAND`; every instance needs it, for the same keys.',
  },
  /** Null: with the signer, if there is one. */
  signingKeys: {
    name: 'MIOT_SIGNING_KEYS',
    unset: '`signer` with `MIOT_SIGNER_COMMAND`, otherwise `store`',
    parse: oneOf('store', 'signer'),
    about:
      'Where new signing keys are made: `signer`, or `store`, sealed with the encryption key. `store` beside `MIOT_SIGNER_COMMAND` leads back from the signer, whose keys are used until they have been rotated.',
  },
  /** `auto`, `off`, or an absolute path. */
  rsaLibrary: {
    name: 'MIOT_RSA_LIBRARY',
    default: 'auto',
    parse: parseRsaLibrary,
    about:
      'Whether Intel’s `libcrypto_mb` signs RS256, eight at a time, on processors with AVX-512 IFMA ([install](install.md#faster-rs256)). `auto`: if the system’s library folders have it; `off`: never; or the path of `libcrypto_mb.so.13`, which only root and the server’s user may be able to change. Each signature is verified, and everything works without it.',
  },
} as const satisfies SettingTable

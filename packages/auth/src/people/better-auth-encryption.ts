/** Texts that better-auth has encrypted, for a change of its secret. */

import { parseEnvelope, symmetricDecrypt, symmetricEncrypt } from 'better-auth/crypto'
import { versionedSecret } from './better-auth-options.ts'

export function encryptionWith({ from, to }: { from: Uint8Array; to: Uint8Array }) {
  const [former, present] = [versionedSecret(from), versionedSecret(to)]
  const keys = new Map([former, present].map(({ version, value }) => [version, value]))
  const key = { keys, currentVersion: present.version }
  return {
    isUnderNewKey: (text: string) => parseEnvelope(text)?.version === present.version,
    /** @throws Error when it was encrypted with neither key. */
    reencrypt: async (data: string) =>
      symmetricEncrypt({ key, data: await symmetricDecrypt({ key, data }) }),
  }
}

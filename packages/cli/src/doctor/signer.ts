/** The external signer: started, and asked to sign with each key that it holds. */

import { holderOf, probeExternalKeys } from '@modulariot/auth'
import { openInstallation } from '../installation/open-installation.ts'
import { withSigner } from '../signer/open-signer.ts'
import { type Check, type CheckContext, fault, ok, type Result, skipped } from './check.ts'
import { NO_KEY, skippedWithoutStore } from './store.ts'

export const SIGNER_CHECKS: readonly Check[] = [
  {
    name: 'signer',
    about: 'installation',
    remedy: 'check the signer, or correct MIOT_SIGNER_COMMAND',
    run: checkSigner,
  },
]

async function checkSigner({ config, withKeys }: CheckContext): Promise<Result> {
  const unmigrated = await skippedWithoutStore(config)
  if (unmigrated !== null) return unmigrated
  const known = await withKeys().catch(() => null)
  if (known === null) return NO_KEY
  const { keys, otherKeys, store } = await openInstallation(known)
  try {
    const signingKeys = await store.listSigningKeys()
    const { signer } = config
    if (signer === null) {
      if (signingKeys.every((key) => holderOf(key) === 'store')) {
        return skipped('all signing keys are in the store')
      }
      return fault('signing keys are with an external signer', 'set MIOT_SIGNER_COMMAND')
    }
    const sealingKeys = [keys, otherKeys].flatMap((one) => one?.sealing ?? [])
    const probed = await withSigner(signer, 'required', async (external) =>
      external === null ? 0 : probeExternalKeys(signingKeys, sealingKeys, external),
    )
    return ok(`${signer.words[0]} runs, and signs with its ${probed} of ${signingKeys.length} keys`)
  } finally {
    await store.close()
  }
}

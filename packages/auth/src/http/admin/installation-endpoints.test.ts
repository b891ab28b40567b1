import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createCheckpointSigner } from '../../audit/checkpoint.ts'
import { AdminError } from '../../errors/admin-error.ts'
import { openInstallation } from '../../testing/sample-installation.ts'
import type { AdminCall } from './call.ts'
import { auditCheckpoint } from './installation-endpoints.ts'

it('refuses to sign the head of a trail with a foreign base, and says so', async (t) => {
  const place = await openInstallation()
  t.after(() => place.close())
  const signer = await createCheckpointSigner(new Uint8Array(32), 'https://auth.example')
  const other = await createCheckpointSigner(new Uint8Array(32).fill(1), 'https://else.example')
  const { seq, hash } = await signer.sign('head', { at: '', seq: 1, hash: 'h', first_seq: 1 })
  const { checkpoint } = await other.sign('base', { at: '', seq, hash, first_seq: 2 })
  for (const base of ['garbage', checkpoint]) {
    const store = { ...place.store, readAuditBase: async () => base }
    const context = { store, now: Date.now }
    const call = { context, deps: { checkpointSigner: signer } } as unknown as AdminCall
    await assert.rejects(
      auditCheckpoint(call),
      (error) =>
        error instanceof AdminError &&
        error.code === 'conflict' &&
        /^The audit trail was changed: .*miot audit verify$/.test(error.message),
    )
  }
})

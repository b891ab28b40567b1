import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { testTelemetryStore } from '../conformance/store.conformance.ts'
import { startHostProcess } from './host-process.fixture.ts'

const host = startHostProcess()
after(() => host.end())

testTelemetryStore('SQLite, written by another process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'miot-'))
  const path = join(folder, 'telemetry.db')
  return {
    store: await host.openStore(path),
    openAnother: () => host.openStore(path),
    async destroy() {
      await host.call('closeWriter', [path])
      rmSync(folder, { recursive: true })
    },
  }
})

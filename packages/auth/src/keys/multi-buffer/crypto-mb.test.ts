/** The real library, where the machine has it, and what is said where it cannot be used. */

import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { mkdtempDisposableSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { rsaLibraryForTests } from '../../testing/rsa-library.ts'
import { EightSigner } from './eight-signer.ts'
import { LIBRARY_FILE } from './find-library.ts'
import type { MultiBuffer } from './multi-buffer.ts'
import { openRsaLibrary } from './open-rsa-library.ts'

const real = await rsaLibraryForTests(process.env.RSA_LIBRARY)

async function openReal() {
  const { library } = await openRsaLibrary(real.skip === false ? real.path : 'off')
  assert.ok(library)
  return library
}

const rsa = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

describe('libcrypto_mb', { skip: real.skip }, () => {
  it('makes the signatures of OpenSSL, in every lane, with several keys', async () => {
    const keys = [rsa(), rsa(), rsa()]
    const signer = new EightSigner(await openReal(), { onFault: assert.fail })
    for (let round = 0; round < 40; round++) {
      const jobs = Array.from({ length: 1 + (round % 8) }, (_, lane) => ({
        input: randomBytes(round * 37),
        key: keys[(round + lane) % keys.length] as KeyObject,
      }))
      const expected = jobs.map(({ input, key }) => sign('sha256', input, key))
      assert.deepEqual(signer.sign(jobs), expected)
      signer.keepOnly(keys.slice(round % 3))
    }
    signer.close()
  })

  for (const what of ['messages', 'signatures'] as const) {
    it(`does not verify when a bit of its ${what} changes`, async () => {
      const library = await openReal()
      const faults: string[] = []
      const changing = withPart(library, {
        sign() {
          if (signer.signed > 0 && what === 'messages') flipBit(library.messages, 1900)
          const status = library.sign()
          if (signer.signed > 0 && what === 'signatures') flipBit(library.signatures, 1900)
          return status
        },
      })
      const signer = new EightSigner(changing, { onFault: (fault) => faults.push(fault) })
      const job = { input: Buffer.from('input'), key: rsa() }
      assert.ok(signer.sign([job]))
      assert.equal(signer.sign([job]), null)
      assert.deepEqual(faults, ['a signature does not verify'])
    })
  }

  for (const number of ['p', 'q', 'dp', 'dq', 'qInv'] as const) {
    it(`does not verify when a bit of ${number} changes, which would give the key away`, async () => {
      const library = await openReal()
      const faults: string[] = []
      const damaging = withPart(library, {
        load(numbers) {
          flipBit(numbers[number], 60)
          return library.load(numbers)
        },
      })
      const signer = new EightSigner(damaging, { onFault: (fault) => faults.push(fault) })
      assert.equal(signer.sign([{ input: Buffer.from('input'), key: rsa() }]), null)
      assert.deepEqual(faults, ['a signature does not verify'])
    })
  }
})

function withPart(library: MultiBuffer, part: Partial<MultiBuffer>): MultiBuffer {
  return new Proxy(library, {
    get(_, name) {
      if (Object.hasOwn(part, name)) return Reflect.get(part, name)
      const value = Reflect.get(library, name, library)
      return typeof value === 'function' ? value.bind(library) : value
    },
  })
}

function flipBit(bytes: Buffer, at: number): void {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at)
}

describe('openRsaLibrary', () => {
  it('opens none that is off or not there, and says why', async () => {
    assert.deepEqual(await openRsaLibrary('off'), {
      ...{ library: null, path: null, reason: 'MIOT_RSA_LIBRARY is off' },
    })
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-library-'))
    assert.deepEqual(await openRsaLibrary('auto', [folder.path]), {
      ...{ library: null, path: null },
      reason: 'libcrypto_mb.so.13 is in no library folder of the system',
    })
  })

  it('says why one that is there cannot be used', {
    skip: process.platform !== 'linux' || process.arch !== 'x64',
  }, async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-library-'))
    const path = join(realpathSync(folder.path), LIBRARY_FILE)
    const missing = await openRsaLibrary(path)
    assert.ok(missing.library === null)
    assert.match(missing.reason, /ENOENT/)
    writeFileSync(path, 'no library')
    for (const setting of [path, 'auto']) {
      const opened = await openRsaLibrary(setting, [realpathSync(folder.path)])
      assert.ok(opened.library === null)
      assert.equal(opened.path, path)
      assert.match(opened.reason, /invalid ELF header|file too short/)
    }
  })
})

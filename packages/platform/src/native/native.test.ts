import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { describe, it } from 'node:test'
import { addressOf, loadLibrary, NativeFault, textBehind } from './index.ts'

/** The C library of Debian and of Fedora. */
const LIBC = ['/usr/lib/x86_64-linux-gnu/libc.so.6', '/usr/lib64/libc.so.6'].find(existsSync) ?? ''

describe('loadLibrary', { skip: LIBC === '' && 'no C library at a known path' }, () => {
  it('calls functions with numbers and addresses', () => {
    const { abs, memset, strnlen } = loadLibrary(LIBC, {
      abs: { arguments: ['i32'], return: 'i32' },
      memset: { arguments: ['pointer', 'i32', 'u64'], return: 'pointer' },
      strnlen: { arguments: ['pointer', 'u64'], return: 'u64' },
    })
    assert.equal(abs(-5), 5)
    const memory = new ArrayBuffer(16)
    const address = addressOf(memory)
    assert.equal(memset(address, 0x61, 5n), address)
    assert.equal(Buffer.from(memory).toString('latin1'), 'aaaaa'.padEnd(16, '\0'))
    assert.equal(strnlen(address, 16n), 5n)
    const pointer = new ArrayBuffer(8)
    Buffer.from(pointer).writeBigUInt64LE(address)
    assert.equal(textBehind(addressOf(pointer)), 'aaaaa')
  })

  it('fails for a missing library, one it needs, or a missing function', () => {
    const none = { nonexistent_function: { arguments: [], return: 'i32' } } as const
    assert.throws(() => loadLibrary(LIBC, none), NativeFault)
    assert.throws(() => loadLibrary('/nonexistent.so', {}), NativeFault)
    assert.throws(() => loadLibrary(LIBC, {}, ['/nonexistent.so']), NativeFault)
  })

  it('prints no warning, and leaves other warnings as they are', () => {
    const here = new URL('index.ts', import.meta.url)
    const code = `import { loadLibrary } from '${here}'
      loadLibrary('${LIBC}', {})
      process.emitWarning('another')`
    const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    assert.equal(status, 0)
    assert.match(stderr, /another/)
    assert.doesNotMatch(stderr, /FFI/)
  })

  it('is not possible without node:ffi', () => {
    const here = new URL('index.ts', import.meta.url)
    const code = `import { loadLibrary } from '${here}'
      try { loadLibrary('${LIBC}', {}) } catch ({ name, message }) { console.log(name, message) }`
    const { stdout } = spawnSync(
      process.execPath,
      ['--no-experimental-ffi', '--input-type=module', '-e', code],
      { encoding: 'utf8', timeout: 20_000 },
    )
    assert.match(stdout, /^NativeFault Node v26\.\S+ has no node:ffi here/)
  })
})

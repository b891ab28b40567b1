/**
 * Intel's `libcrypto_mb` (Cryptography Primitives Library, Apache-2.0): RSA-2048 in eight lanes,
 * with AVX-512 IFMA. Its header `crypto_mb/rsa.h` describes the functions.
 *
 * All memory that the library sees is in buffers of this file. Numbers are in words of 64 bits, the
 * lowest first; messages and signatures are bytes, the highest first.
 */

import {
  addressOf,
  loadLibrary,
  type NativeFunctions,
  textBehind,
} from '@modulariot/platform/native'
import {
  LANES,
  type LoadedKey,
  type MultiBuffer,
  type PrivateNumbers,
  RSA_BYTES,
} from './multi-buffer.ts'

const RSA_BITS = RSA_BYTES * 8
const POINTER_BYTES = 8

const FUNCTIONS = {
  mbx_getversion: { arguments: [], return: 'pointer' },
  /** 0 stands for the features of this processor. */
  mbx_is_crypto_mb_applicable: { arguments: ['u64'], return: 'i32' },
  mbx_RSA_private_crt_Method: { arguments: ['i32'], return: 'pointer' },
  mbx_RSA_pub65537_Method: { arguments: ['i32'], return: 'pointer' },
  mbx_RSA_Method_BufSize: { arguments: ['pointer'], return: 'i32' },
  /** from, to, p, q, dp, dq, qInv: eight pointers each; bits, method, work memory. */
  mbx_rsa_private_crt_mb8: {
    arguments: [
      ...(['pointer', 'pointer', 'pointer', 'pointer', 'pointer', 'pointer', 'pointer'] as const),
      ...(['i32', 'pointer', 'pointer'] as const),
    ],
    return: 'u32',
  },
  /** from, to, n: eight pointers each; bits, method, work memory. */
  mbx_rsa_public_mb8: {
    arguments: ['pointer', 'pointer', 'pointer', 'i32', 'pointer', 'pointer'],
    return: 'u32',
  },
} as const

type Library = NativeFunctions<typeof FUNCTIONS>

/** Two of other layouts would not be noticed before they harm, so only what was tested is used. */
const TESTED_INTERFACE = 13

/** Where `mbxVersion` has its text: after three numbers, eight bytes of text, two pointers. */
const VERSION_TEXT_OFFSET = 32n

/** Why a library is not used: the message ends a sentence about it. */
export class UnfitLibrary extends Error {
  override readonly name = 'UnfitLibrary'
}

/**
 * @param path absolute; of a file that only root and we can change.
 * @param needs as for `loadLibrary`.
 * @throws NativeFault when it cannot be loaded; UnfitLibrary when this processor or its version is
 *   not the right one.
 */
export function openCryptoMb(path: string, needs: readonly string[]): MultiBuffer {
  const library = loadLibrary(path, FUNCTIONS, needs)
  if (library.mbx_is_crypto_mb_applicable(0n) === 0) {
    throw new UnfitLibrary('the processor lacks AVX-512 IFMA')
  }
  // Such as `crypto_mb (k1) (ver: 2.3.0 (13.3) build: Sep  8 2026)`: version, then interface.
  const text = textBehind(library.mbx_getversion() + VERSION_TEXT_OFFSET)
  const [, version, major] = /ver: ([\d.]+) \((\d+)\./.exec(text) ?? []
  if (Number(major) !== TESTED_INTERFACE) {
    throw new UnfitLibrary(`its interface is not ${TESTED_INTERFACE}, but ${major ?? 'unknown'}`)
  }
  return new CryptoMb(library, `libcrypto_mb ${version}`)
}

/** The numbers of a key, in the order in which they lie in memory, and their bytes. */
const NUMBERS = {
  n: RSA_BYTES,
  p: RSA_BYTES / 2,
  q: RSA_BYTES / 2,
  dp: RSA_BYTES / 2,
  dq: RSA_BYTES / 2,
  qInv: RSA_BYTES / 2,
} as const satisfies Record<keyof PrivateNumbers, number>

type NumberName = keyof typeof NUMBERS
const NAMES = Object.keys(NUMBERS) as NumberName[]

class CryptoMbKey implements LoadedKey {
  readonly addresses: Readonly<Record<NumberName, bigint>>
  readonly #memory: ArrayBuffer

  constructor(numbers: PrivateNumbers) {
    this.#memory = new ArrayBuffer(NAMES.reduce((sum, name) => sum + NUMBERS[name], 0))
    const start = addressOf(this.#memory)
    let offset = 0
    const addresses = NAMES.map((name) => {
      const at = offset
      const place = Buffer.from(this.#memory, at, NUMBERS[name])
      place.set(numbers[name], place.length - numbers[name].length)
      place.reverse()
      offset += place.length
      return [name, start + BigInt(at)]
    })
    this.addresses = Object.fromEntries(addresses)
  }

  wipe(): void {
    new Uint8Array(this.#memory).fill(0)
  }
}

/** Memory that the library is given an address of. */
class Region {
  readonly bytes: Buffer
  readonly address: bigint

  constructor(bytes: number) {
    const memory = new ArrayBuffer(bytes)
    this.bytes = Buffer.from(memory)
    this.address = addressOf(memory)
  }
}

/** Eight addresses. */
class Pointers extends Region {
  constructor() {
    super(LANES * POINTER_BYTES)
  }

  set(lane: number, address: bigint): void {
    this.bytes.writeBigUInt64LE(address, lane * POINTER_BYTES)
  }

  /** To the eight blocks of a region. */
  static toBlocksOf(region: Region): Pointers {
    const pointers = new Pointers()
    for (let lane = 0; lane < LANES; lane++) {
      pointers.set(lane, region.address + BigInt(lane * RSA_BYTES))
    }
    return pointers
  }
}

/** The library aligns its work memory to this. */
const ALIGNMENT = 64

class CryptoMb implements MultiBuffer {
  readonly about: string
  readonly #messages = new Region(LANES * RSA_BYTES)
  readonly #signatures = new Region(LANES * RSA_BYTES)
  readonly #recovered = new Region(LANES * RSA_BYTES)
  readonly #toMessages = Pointers.toBlocksOf(this.#messages)
  readonly #toSignatures = Pointers.toBlocksOf(this.#signatures)
  readonly #toRecovered = Pointers.toBlocksOf(this.#recovered)
  readonly #toNumbers = Object.fromEntries(
    NAMES.map((name) => [name, new Pointers()]),
  ) as unknown as Readonly<Record<NumberName, Pointers>>
  readonly #privateMethod: bigint
  readonly #publicMethod: bigint
  readonly #work: Region
  readonly #library: Library
  /** The key of each lane. */
  readonly #keys: (LoadedKey | undefined)[] = []

  constructor(library: Library, about: string) {
    this.#library = library
    this.about = about
    this.#privateMethod = library.mbx_RSA_private_crt_Method(RSA_BITS)
    this.#publicMethod = library.mbx_RSA_pub65537_Method(RSA_BITS)
    const sizes = [this.#privateMethod, this.#publicMethod].map((method) =>
      library.mbx_RSA_Method_BufSize(method),
    )
    this.#work = new Region(Math.max(...sizes) + ALIGNMENT)
  }

  get messages(): Buffer {
    return this.#messages.bytes
  }

  get signatures(): Buffer {
    return this.#signatures.bytes
  }

  get recovered(): Buffer {
    return this.#recovered.bytes
  }

  load(numbers: PrivateNumbers): LoadedKey {
    return new CryptoMbKey(numbers)
  }

  use(lane: number, key: LoadedKey): void {
    // Mostly the same as before, since one key signs for months.
    if (this.#keys[lane] === key) return
    this.#keys[lane] = key
    for (const name of NAMES) {
      this.#toNumbers[name].set(lane, (key as CryptoMbKey).addresses[name])
    }
  }

  sign(): number {
    const { p, q, dp, dq, qInv } = this.#toNumbers
    return this.#library.mbx_rsa_private_crt_mb8(
      this.#toMessages.address,
      this.#toSignatures.address,
      p.address,
      q.address,
      dp.address,
      dq.address,
      qInv.address,
      RSA_BITS,
      this.#privateMethod,
      this.#work.address,
    )
  }

  recover(): number {
    return this.#library.mbx_rsa_public_mb8(
      this.#toSignatures.address,
      this.#toRecovered.address,
      this.#toNumbers.n.address,
      RSA_BITS,
      this.#publicMethod,
      this.#work.address,
    )
  }

  wipe(): void {
    const all = [this.#messages, this.#signatures, this.#recovered, this.#work]
    for (const { bytes } of all) bytes.fill(0)
  }
}

/**
 * Calls functions of shared libraries, with `node:ffi`, which is experimental in Node 26. Only this
 * file knows it, so that a change of it is made here.
 *
 * A mistake here or in a library ends or corrupts the process: the caller checks which file it
 * loads, and what the library returns.
 */

import type { DynamicLibrary } from 'node:ffi'

/** Addresses are `pointer`, as `bigint`; `i32` and `u32` are numbers, `u64` is a `bigint`. */
export type NativeType = 'i32' | 'pointer' | 'u32' | 'u64'

export interface NativeSignature {
  readonly arguments: readonly NativeType[]
  readonly return: NativeType
}

type ValueOf<Type extends NativeType> = Type extends 'i32' | 'u32' ? number : bigint

type ValuesOf<Types extends readonly NativeType[]> = {
  -readonly [Index in keyof Types]: ValueOf<Types[Index]>
}

type NativeFunction<Signature extends NativeSignature> = (
  ...values: ValuesOf<Signature['arguments']>
) => ValueOf<Signature['return']>

type NativeTable = Readonly<Record<string, NativeSignature>>

export type NativeFunctions<Table extends NativeTable> = {
  readonly [Name in keyof Table]: NativeFunction<Table[Name]>
}

export class NativeFault extends Error {
  override readonly name = 'NativeFault'
}

/** They stay loaded: unloading one that another needs would end the process. */
const loaded: DynamicLibrary[] = []

/**
 * Loads a shared library for as long as the process runs.
 *
 * @param path absolute.
 * @param table its functions. A wrong signature is not noticed.
 * @param needs libraries that it needs and that the system would not find, each after what it needs
 *   itself; absolute.
 * @throws NativeFault when the file or a function is missing, or this Node has no `node:ffi`.
 */
export function loadLibrary<const Table extends NativeTable>(
  path: string,
  table: Table,
  needs: readonly string[] = [],
): NativeFunctions<Table> {
  const { DynamicLibrary } = ffi()
  try {
    for (const need of needs) loaded.push(new DynamicLibrary(need))
    const library = new DynamicLibrary(path)
    loaded.push(library)
    return library.getFunctions(table) as unknown as NativeFunctions<Table>
  } catch (error) {
    throw new NativeFault((error as Error).message, { cause: error })
  }
}

/**
 * The address of memory for native code. It stays where it is for as long as the buffer is
 * reachable from JavaScript, so the caller keeps the buffer.
 */
export function addressOf(memory: ArrayBuffer): bigint {
  return ffi().getRawPointer(memory)
}

/** The C string at the address that is stored at `address`. */
export function textBehind(address: bigint): string {
  return ffi().toString(ffi().getUint64(address)) ?? ''
}

type Ffi = typeof import('node:ffi')

let known: Ffi | undefined

function ffi(): Ffi {
  known ??= loadQuietly()
  return known
}

/**
 * Node warns of `node:ffi` on standard error when it is loaded. Our log says that a library is
 * used, and an operator can do nothing about the warning.
 */
function loadQuietly(): Ffi {
  const { emitWarning } = process
  process.emitWarning = (() => {}) as typeof process.emitWarning
  try {
    const module = process.getBuiltinModule('node:ffi')
    if (module === undefined) throw new NativeFault(`Node ${process.version} has no node:ffi here`)
    return module
  } finally {
    process.emitWarning = emitWarning
  }
}

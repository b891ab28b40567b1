/**
 * Detects RSA moduli that can be factored although they are long enough. Arithmetic on the public
 * number only: no formats, no keys, no I/O.
 *
 * A modulus that passes is not proven safe. Known lists of weak keys (Debian's of 2008) are not
 * checked.
 */

/**
 * Why the modulus can be factored, as the end of a sentence about the key; null: no known weakness.
 *
 * @param modulus at least 2048 bits.
 */
export function rsaWeakness(modulus: bigint): string | null {
  if (hasSmallFactor(modulus)) return 'has a small prime factor'
  if (isRoca(modulus)) return 'has the ROCA weakness (CVE-2017-15361)'
  if (hasClosePrimes(modulus)) return 'has two primes that are too close (CVE-2022-26320)'
  return null
}

/**
 * The primes of the ROCA test by its discoverers (github.com/crocs-muni/roca). Keys of every size
 * made by the faulty library have the same structure modulo each of them.
 */
const PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
  103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]
const PRODUCT = PRIMES.reduce((product, prime) => product * BigInt(prime), 1n)

/** Modulo each prime, the powers of 65537. */
const POWERS = PRIMES.map((prime) => {
  const powers = new Set<number>()
  for (let power = 1; !powers.has(power); power = (power * (65_537 % prime)) % prime) {
    powers.add(power)
  }
  return powers
})

/** One long division; everything after it uses short numbers. */
function residuesOf(modulus: bigint): number[] {
  const rest = modulus % PRODUCT
  return PRIMES.map((prime) => Number(rest % BigInt(prime)))
}

function hasSmallFactor(modulus: bigint): boolean {
  return modulus % 2n === 0n || residuesOf(modulus).includes(0)
}

/**
 * Nemec, Sys, Svenda, Klinec, Matyas: "The Return of Coppersmith's Attack" (ACM CCS 2017), section
 * 2. The library's primes are k * M + (65537^a mod M), with M the product of the first primes, so a
 *   modulus is a power of 65537 modulo each of them. Fewer than one in 2^27 other moduli are so by
 *   chance (the test computes it).
 */
function isRoca(modulus: bigint): boolean {
  return residuesOf(modulus).every((residue, index) => POWERS[index]?.has(residue))
}

/** As many as common scanners for weak keys try; the first finds the keys of CVE-2022-26320. */
const FERMAT_ROUNDS = 100

/** Fermat's method: a modulus is a^2 - b^2, with a near its root when its two primes are close. */
function hasClosePrimes(modulus: bigint): boolean {
  const root = squareRoot(modulus)
  if (root * root === modulus) return true
  const shortModulus = Number(modulus % FILTER)
  const shortRoot = Number(root % FILTER)
  for (let round = 1; round <= FERMAT_ROUNDS; round++) {
    const a = shortRoot + round
    if (!mayBeSquare(a * a - shortModulus)) continue
    const long = root + BigInt(round)
    if (isSquare(long * long - modulus)) return true
  }
  return false
}

/** Few numbers are squares modulo all of these, so the long arithmetic is rarely needed. */
const FILTERS = [64, 63, 65, 11].map((modulus) => ({
  modulus,
  squares: new Set(Array.from({ length: modulus }, (_, root) => (root * root) % modulus)),
}))
const FILTER = BigInt(64 * 63 * 65 * 11)

/** @param number modulo FILTER; at most 2^53. */
function mayBeSquare(number: number): boolean {
  return FILTERS.every(({ modulus, squares }) =>
    squares.has(((number % modulus) + modulus) % modulus),
  )
}

function isSquare(number: bigint): boolean {
  const root = squareRoot(number)
  return root * root === number
}

/**
 * The integer part. Newton's method with a growing precision, so that only the last step is long.
 */
function squareRoot(number: bigint): bigint {
  if (number < 2n) return number
  const half = (number.toString(2).length - 1) >> 1
  let root = 1n
  let precision = 0
  for (let shift = half.toString(2).length - 1; shift >= 0; shift--) {
    const before = precision
    precision = half >> shift
    root =
      (root << BigInt(precision - before - 1)) +
      (number >> BigInt(2 * half - before - precision + 1)) / root
  }
  return root * root > number ? root - 1n : root
}

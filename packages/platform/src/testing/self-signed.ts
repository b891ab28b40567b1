/**
 * Test certificates, generated on demand: the repository holds no private key, and tests
 * need no `openssl` command. For tests only; production code never imports it.
 *
 * X.509 v3 (RFC 5280 §4.1) by hand, which is short as long as only these few fields are needed.
 */

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

export interface SelfSigned {
  /** PEM. */
  readonly cert: string
  /** PEM, PKCS #8. */
  readonly key: string
}

const DAY_MS = 86_400_000
const ECDSA_WITH_SHA256 = '2a8648ce3d040302'
const COMMON_NAME = '550403'
const SUBJECT_ALT_NAME = '551d11'
const BASIC_CONSTRAINTS = '551d13'

/** For `localhost`, 127.0.0.1 and ::1; P-256. `commonName` distinguishes certificates. */
export function selfSigned(
  commonName = 'localhost',
  notAfter = new Date(Date.now() + DAY_MS),
): SelfSigned {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return issue({ commonName, keys }, { commonName, keys }, notAfter)
}

/**
 * A certificate for the same names as `selfSigned`, issued by an authority of its own: for programs
 * that refuse a self-signed one even when they trust it, as Erlang's do.
 */
export function issuedByAuthority(): SelfSigned & { readonly authority: string } {
  const notAfter = new Date(Date.now() + DAY_MS)
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const authority = { commonName: 'authority', keys }
  const own = {
    commonName: 'localhost',
    keys: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  }
  return {
    ...issue(own, authority, notAfter),
    authority: issue(authority, authority, notAfter, MAY_ISSUE).cert,
  }
}

interface Party {
  readonly commonName: string
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
}

function issue(
  subject: Party,
  issuer: Party,
  notAfter: Date,
  extension = extensionOf(SUBJECT_ALT_NAME, NAMES),
): SelfSigned {
  const algorithm = der(0x30, oid(ECDSA_WITH_SHA256))
  const notBefore = new Date(notAfter.getTime() - 2 * DAY_MS)
  const toBeSigned = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1]), randomBytes(8)),
    algorithm,
    distinguishedName(issuer),
    der(0x30, time(notBefore), time(notAfter)),
    distinguishedName(subject),
    subject.keys.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, extension)),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', toBeSigned, issuer.keys.privateKey))
  return {
    cert: pem(der(0x30, toBeSigned, algorithm, signature)),
    key: subject.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function distinguishedName({ commonName }: Party): Buffer {
  const value = der(0x0c, Buffer.from(commonName))
  return der(0x30, der(0x31, der(0x30, oid(COMMON_NAME), value)))
}

/** Tag, length, value (X.690 §8.1). */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  const { length } = value
  const head = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff]
  // DER allows only the shortest form of the length.
  if (length >= 0x80 && length < 0x100) head.splice(1, 2, 0x81)
  return Buffer.concat([Buffer.from(head), value])
}

function extensionOf(id: string, value: Buffer): Buffer {
  return der(0x30, oid(id), der(0x04, value))
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

/** UTCTime, valid until 2049. */
function time(at: Date): Buffer {
  const text = at.toISOString().replace(/[-:T]/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${text}Z`))
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

const NAMES = der(
  0x30,
  der(0x82, Buffer.from('localhost')),
  der(0x87, Buffer.from([127, 0, 0, 1])),
  der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])])),
)
const MAY_ISSUE = extensionOf(BASIC_CONSTRAINTS, der(0x30, der(0x01, Buffer.from([0xff]))))

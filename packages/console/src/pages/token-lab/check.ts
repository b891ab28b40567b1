/**
 * Would the API accept this token? Each of its checks, in its order, with why. Works on values
 * alone; all of them run even after one has failed, so that the reader sees everything at once.
 */

import { type Decoded, decode, type JsonObject } from './decode.ts'
import { isInRanges } from './ranges.ts'
import { ALGORITHM_NAMES, isAlgorithm, isSignedBy, keyFor, type PublishedKey } from './signature.ts'

export interface Expected {
  readonly issuer: string
  readonly audience: string
  /** `typ` of its tokens: `at+jwt`, or `JWT`. */
  readonly typ: string
  /** Null: any. */
  readonly scope: string | null
  /** That the reader looks at; another one is accepted, but the data goes elsewhere. */
  readonly environment: string
  readonly keys: readonly PublishedKey[]
  /** Of the server, milliseconds. */
  readonly now: number
  /** Of the machine; null: not known. */
  readonly address: string | null
}

/** `open`: this page cannot tell. `noted`: accepted, and perhaps not what was meant. */
export type Outcome = 'passed' | 'failed' | 'noted' | 'open'

export type CheckName =
  | 'form'
  | 'algorithm'
  | 'typ'
  | 'key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'expiry'
  | 'issued'
  | 'environment'
  | 'identity'
  | 'scope'
  | 'address'
  | 'revocation'

export interface Check {
  readonly name: CheckName
  readonly outcome: Outcome
  /** A text of the catalogue, by its name, with what it is filled with. */
  readonly why: string
  readonly values: Readonly<Record<string, string | number>>
}

export interface Report {
  readonly decoded: Decoded
  readonly checks: readonly Check[]
  /** Null: one check could not be made here, and the others passed. */
  readonly accepted: boolean | null
}

/** As far as the issuer's clock may be ahead. */
const TOLERANCE_SECONDS = 60

export async function checkToken(token: string, expected: Expected): Promise<Report> {
  const decoded = decode(token)
  const claims = decoded.claims ?? {}
  const checks = [
    formOf(decoded),
    algorithmOf(decoded.header),
    typOf(decoded.header, expected),
    ...(await signatureOf(decoded, expected)),
    equal('issuer', claims.iss, expected.issuer),
    audienceOf(claims, expected),
    expiryOf(claims, expected),
    issuedOf(claims, expected),
    environmentOf(claims, expected),
    identityOf(claims),
    scopeOf(claims, expected),
    addressOf(claims, expected),
    check('revocation', 'open', 'revocation'),
  ]
  const failed = checks.some(({ outcome }) => outcome === 'failed')
  const open = checks.some(({ name, outcome }) => outcome === 'open' && name !== 'revocation')
  return { decoded, checks, accepted: failed ? false : open ? null : true }
}

function check(
  name: CheckName,
  outcome: Outcome,
  why: string,
  values: Check['values'] = {},
): Check {
  return { name, outcome, why, values }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '–')
}

function equal(name: CheckName, value: unknown, expected: string): Check {
  return value === expected
    ? check(name, 'passed', 'equal', { value: expected })
    : check(name, 'failed', 'different', { value: shown(value), expected })
}

function formOf({ fault }: Decoded): Check {
  return fault === null ? check('form', 'passed', 'form') : check('form', 'failed', fault)
}

function algorithmOf(header: JsonObject | null): Check {
  const value = shown(header?.alg)
  return isAlgorithm(header?.alg)
    ? check('algorithm', 'passed', 'equal', { value })
    : check('algorithm', 'failed', 'algorithm', { value, expected: ALGORITHM_NAMES.join(', ') })
}

function typOf(header: JsonObject | null, { typ }: Expected): Check {
  const sent = shown(header?.typ)
  const same = sent.toLowerCase().replace(/^application\//, '') === typ.toLowerCase()
  return same
    ? check('typ', 'passed', 'equal', { value: sent })
    : check('typ', 'failed', 'different', { value: sent, expected: typ })
}

async function signatureOf(decoded: Decoded, { keys }: Expected): Promise<Check[]> {
  const { header, fault } = decoded
  const kid = shown(header?.kid)
  const key = keyFor(header, keys)
  if (key === undefined) {
    return [
      check('key', 'failed', header?.kid === undefined ? 'no_kid' : 'unknown_key', { kid }),
      check('signature', 'failed', 'no_key'),
    ]
  }
  const known = check('key', 'passed', 'known_key', { kid })
  if (fault !== null) return [known, check('signature', 'failed', 'not_read')]
  const signed = await isSignedBy(key, decoded)
  if (signed === null) return [known, check('signature', 'open', 'no_crypto')]
  return [
    known,
    signed
      ? check('signature', 'passed', 'signed', { alg: shown(header?.alg) })
      : check('signature', 'failed', 'changed'),
  ]
}

function audienceOf({ aud }: JsonObject, { audience }: Expected): Check {
  return [aud].flat().includes(audience)
    ? check('audience', 'passed', 'equal', { value: audience })
    : check('audience', 'failed', 'different', { value: shown(aud), expected: audience })
}

function expiryOf({ exp }: JsonObject, { now }: Expected): Check {
  if (!isTime(exp)) return check('expiry', 'failed', 'no_time', { claim: 'exp' })
  const seconds = Math.round(exp - now / 1000)
  return now / 1000 < exp
    ? check('expiry', 'passed', 'valid_for', { seconds, at: exp })
    : check('expiry', 'failed', 'expired', { seconds: -seconds, at: exp })
}

function issuedOf({ iat, nbf }: JsonObject, { now }: Expected): Check {
  if (!isTime(iat)) return check('issued', 'failed', 'no_time', { claim: 'iat' })
  const latest = now / 1000 + TOLERANCE_SECONDS
  if (iat > latest) {
    return check('issued', 'failed', 'in_future', {
      seconds: Math.round(iat - now / 1000),
      at: iat,
    })
  }
  if (nbf !== undefined && !(isTime(nbf) && nbf <= latest)) {
    return check('issued', 'failed', 'not_yet', { value: shown(nbf) })
  }
  return check('issued', 'passed', 'issued', { at: iat })
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function environmentOf({ environment }: JsonObject, expected: Expected): Check {
  const value = shown(environment)
  if (value !== 'development' && value !== 'production') {
    return check('environment', 'failed', 'no_environment', { value })
  }
  const same = value === expected.environment
  return check('environment', same ? 'passed' : 'noted', same ? 'equal' : 'other_environment', {
    value,
  })
}

function identityOf(claims: JsonObject): Check {
  const missing = ['sub', 'client_id', 'org_id', 'jti'].filter(
    (name) => typeof claims[name] !== 'string' || claims[name] === '',
  )
  return missing.length === 0
    ? check('identity', 'passed', 'equal', { value: shown(claims.client_id) })
    : check('identity', 'failed', 'missing', { claims: missing.join(', ') })
}

function scopeOf({ scope }: JsonObject, expected: Expected): Check {
  const scopes = typeof scope === 'string' ? scope.split(' ') : []
  const value = scopes.join(' ')
  if (expected.scope === null || scopes.includes(expected.scope)) {
    return check('scope', 'passed', 'equal', { value: expected.scope ?? value })
  }
  return check('scope', 'failed', 'no_scope', { value: value || '–', expected: expected.scope })
}

function addressOf(claims: JsonObject, { address }: Expected): Check {
  const { allowed_addresses: allowed, observed_addresses: observed } = claims
  const bad = [allowed, observed].some((list) => list !== undefined && !isRanges(list))
  if (bad) return check('address', 'failed', 'bad_ranges')
  const list = (allowed ?? observed) as readonly string[] | undefined
  if (list === undefined) return check('address', 'passed', 'any_address')
  const values = { ranges: list.join(', ') || '–', address: address ?? '' }
  if (address === null) {
    return check('address', allowed === undefined ? 'noted' : 'open', 'no_address', values)
  }
  if (isInRanges(address, list)) return check('address', 'passed', 'in_ranges', values)
  return allowed === undefined
    ? check('address', 'noted', 'observed_outside', values)
    : check('address', 'failed', 'outside', values)
}

function isRanges(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((range) => typeof range === 'string')
}

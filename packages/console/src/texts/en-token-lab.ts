/** The Token lab: names of the checks, and why each passed or failed. */

interface Values {
  readonly [name: string]: string | number
}

const span = (seconds: string | number | undefined): string => {
  const value = Math.abs(Number(seconds))
  if (value < 120) return `${value} s`
  if (value < 7200) return `${Math.round(value / 60)} min`
  if (value < 172_800) return `${Math.round(value / 3600)} h`
  return `${Math.round(value / 86_400)} days`
}

const time = (at: string | number | undefined): string =>
  new Date(Number(at) * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC')

export const tokenLab = {
  about:
    'Paste a token and see whether the API would accept it. It stays in this page: nothing is sent.',
  pasteTitle: 'Token',
  paste: 'Access token',
  pasteHint: 'Also a whole answer of the login, or an Authorization header.',
  clear: 'Clear',
  audience: 'Would this API accept it?',
  scope: 'For a request that needs',
  anyScope: 'Any scope',
  address: 'From the address',
  addressHint: 'Of the machine that sends the token. Optional.',
  addressFault: 'This is not an IPv4 or IPv6 address.',
  noAudiences: 'There is no API yet that tokens are issued for.',
  empty: 'No token yet',
  emptyAbout: 'Paste one, or mint a test token. Each check of the API will be listed here.',
  accepted: 'It would be accepted',
  acceptedAbout: 'Unless it was revoked, which only the server knows.',
  refused: 'It would be refused',
  undecided: 'It cannot be decided here',
  undecidedAbout: 'One check is open; see below.',
  checks: 'Checks',
  header: 'Header',
  claims: 'Claims',
  untrusted: 'The signature was not confirmed: what is written here may be from anyone.',
  outcomes: { passed: 'Passed', failed: 'Failed', noted: 'Note', open: 'Open' },
  clock: (seconds: number) =>
    seconds === 0
      ? 'Times are compared with the clock of the server, which agrees with yours.'
      : `Times are compared with the clock of the server, which is ${span(seconds)} ${seconds > 0 ? 'ahead of' : 'behind'} yours.`,
  clockFar: 'Set the clock of this machine (NTP).',
  names: {
    form: 'Form',
    algorithm: 'Algorithm',
    typ: 'Type',
    key: 'Key',
    signature: 'Signature',
    issuer: 'Issuer',
    audience: 'Audience',
    expiry: 'Expiry',
    issued: 'Issued',
    environment: 'Environment',
    identity: 'Application',
    scope: 'Scope',
    address: 'Address',
    revocation: 'Revocation',
  },
  why: {
    equal: ({ value }: Values) => `${value}`,
    different: ({ value, expected }: Values) => `It is ${value}; it must be ${expected}.`,
    form: () => 'Three parts in canonical base64url, the first two JSON.',
    too_long: () => 'It is longer than 8192 characters.',
    segments: () => 'A token has three parts with a dot between them. Was it cut?',
    encoding: () =>
      'A part has characters that base64url does not have, or was changed at its end.',
    header_json: () => 'The first part is not a JSON object, or has a member twice.',
    header_member: () => 'The header has a member that would let the sender choose the key.',
    payload_json: () => 'The second part is not a JSON object, or has a member twice.',
    algorithm: ({ value, expected }: Values) => `It is ${value}; accepted are ${expected}.`,
    no_kid: () => 'The header names no key (kid).',
    unknown_key: ({ kid }: Values) =>
      `This server does not publish the key ${kid}. The token is of another server, or from before its keys were replaced.`,
    known_key: ({ kid }: Values) => `Published by this server: ${kid}`,
    no_key: () => 'Without the key it cannot be right.',
    not_read: () => 'A token that cannot be read has no signature.',
    no_crypto: () =>
      'This browser checks signatures only over HTTPS or on localhost. The other checks hold.',
    signed: ({ alg }: Values) => `Signed by that key with ${alg}; nothing was changed since.`,
    changed: () => 'It does not match: the token was changed after it was signed, or is forged.',
    no_time: ({ claim }: Values) => `The claim ${claim} is missing or not a number.`,
    valid_for: ({ seconds, at }: Values) => `Valid for ${span(seconds)} more, until ${time(at)}.`,
    expired: ({ seconds, at }: Values) =>
      `Expired ${span(seconds)} ago, at ${time(at)}. The machine has to get a new one in time.`,
    in_future: ({ seconds, at }: Values) =>
      `Issued ${span(seconds)} in the future, at ${time(at)}: a clock is wrong.`,
    not_yet: ({ value }: Values) => `Not valid before ${value}.`,
    issued: ({ at }: Values) => `At ${time(at)}.`,
    no_environment: ({ value }: Values) => `It is ${value}; it must be development or production.`,
    other_environment: ({ value }: Values) =>
      `${value}: accepted, and its data goes there, not where this page is.`,
    missing: ({ claims }: Values) => `Missing: ${claims}.`,
    no_scope: ({ value, expected }: Values) => `It has ${value}; the request needs ${expected}.`,
    bad_ranges: () => 'The claim with the allowed addresses is not a list of texts.',
    any_address: () => 'It may be used from every address.',
    no_address: ({ ranges }: Values) =>
      `It may be used from ${ranges}. Enter the address above to compare.`,
    in_ranges: ({ address, ranges }: Values) => `${address} is in ${ranges}.`,
    observed_outside: ({ address, ranges }: Values) =>
      `${address} is not in ${ranges}. That is logged, not refused.`,
    outside: ({ address, ranges }: Values) => `${address} is not in ${ranges}.`,
    revocation: () => 'Only the server knows whether it was revoked.',
  },
  mint: 'Mint a test token',
  mintAbout:
    'A real login with the credentials of an application. The secret stays in the memory of this page and is gone when you leave it.',
  mintButton: 'Mint',
  secret: 'client_secret',
  minted: 'The test token is a real one: it works until it expires.',
  mintRefused: 'The login was refused',
}

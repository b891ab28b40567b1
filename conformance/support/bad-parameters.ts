/** Parameters that are missing, repeated, of the wrong type, or of a wrong value. */

import {
  type BadRequest,
  FIELDS,
  INVALID_REQUEST,
  type Known,
  naming,
  REQUIRED_FIELDS,
  without,
} from './bad-token-request.ts'
import type { Refusal } from './faces.ts'
import { asForm, asJson, JSON_TYPE } from './token-requests.ts'

export const BAD_PARAMETERS: readonly BadRequest[] = [
  ...missingFields(),
  ...wrongTypes(),
  ...wrongValues(),
  ...repeatedParameters(),
]

/**
 * Every combination of missing fields, except `audience` alone, in JSON and as a form; an empty
 * field counts as missing.
 */
function missingFields(): BadRequest[] {
  const combinations = Array.from({ length: 2 ** FIELDS.length - 1 }, (_, index) =>
    FIELDS.filter((_field, bit) => ((index + 1) >> bit) & 1),
  )
  const bad = combinations.filter((left) => left.join() !== 'audience')
  return bad.flatMap((left) => {
    const names = left.join(', ')
    const required = REQUIRED_FIELDS.filter((field) => left.includes(field))
    const noAuthentication = ['client_id,client_secret', 'client_secret'].includes(required.join())
    const refusal = noAuthentication ? ('noAuthentication' as const) : naming(...required)
    const kept = ({ credentials }: Known) => without(credentials, left)
    const emptied = ({ credentials }: Known) => ({ ...credentials, ...allOf(left, '') })
    const nulled = ({ credentials }: Known) => ({ ...credentials, ...allOf(left, null) })
    return [
      { what: `JSON without ${names}`, message: (known) => asJson(kept(known)), refusal },
      { what: `a form without ${names}`, message: (known) => asForm(kept(known)), refusal },
      { what: `JSON with empty ${names}`, message: (known) => asJson(emptied(known)), refusal },
      { what: `a form with empty ${names}`, message: (known) => asForm(emptied(known)), refusal },
      { what: `JSON with null for ${names}`, message: (known) => asJson(nulled(known)), refusal },
    ] satisfies BadRequest[]
  })
}

function wrongTypes(): BadRequest[] {
  const values = { number: 7, boolean: true, array: ['a'], object: { a: 'b' } }
  return [...FIELDS, 'scope', 'resource'].flatMap((field) =>
    Object.entries(values).map(([type, value]) => ({
      what: `${type} as ${field}`,
      message: ({ credentials }: Known) => asJson({ ...credentials, [field]: value }),
      refusal: naming(field),
    })),
  )
}

function wrongValues(): BadRequest[] {
  const rows: readonly [string, Record<string, string>, BadRequest['refusal']][] = [
    ['an unknown client', { client_id: 'client_0000000000000000000000' }, 'badClient'],
    ['a client id with a NUL', { client_id: 'client_\u0000' }, 'badClient'],
    ['a client id with half a surrogate pair', { client_id: 'client_\ud800' }, 'badClient'],
    ['a client id that is SQL', { client_id: `' OR '1'='1' --` }, 'badClient'],
    ['a client id that names a prototype', { client_id: '__proto__' }, 'badClient'],
    ['a malformed secret', { client_secret: 'hunter2-hunter2-hunter2' }, 'badClient'],
    ['an audience that is not granted', { audience: 'https://x.example/' }, 'audienceNotGranted'],
    ['a scope that is not granted', { scope: 'asset:track:admin' }, 'scopeNotGranted'],
    [
      'a granted scope with one that is not',
      { scope: 'asset:track:write admin' },
      'scopeNotGranted',
    ],
    ['a scope in another case', { scope: 'ASSET:TRACK:WRITE' }, 'scopeNotGranted'],
    [
      'a scope with a quote in it',
      { scope: 'asset"track' },
      { status: 400, error: 'invalid_scope' },
    ],
    ['a scope of spaces', { scope: '   ' }, { status: 400, error: 'invalid_scope' }],
    ...['password', 'authorization_code', 'refresh_token', 'Client_Credentials', 'x"y\\z'].map(
      (grant_type) =>
        [
          `the grant type ${grant_type}`,
          { grant_type },
          { status: 400, error: 'unsupported_grant_type' },
        ] as [string, Record<string, string>, Refusal],
    ),
    [
      'a resource that is not absolute',
      { resource: '/v1/asset/track' },
      { status: 400, error: 'invalid_target' },
    ],
    [
      'a resource with a fragment',
      { resource: 'https://iot.example/#a' },
      { status: 400, error: 'invalid_target' },
    ],
    ['a resource other than the audience', { resource: 'https://x.example/' }, naming('resource')],
  ]
  const always = rows.flatMap(([what, members, refusal]): BadRequest[] => [
    { what, message: ({ credentials }) => asJson({ ...credentials, ...members }), refusal },
    {
      what: `${what}, in a form`,
      message: ({ credentials }) => asForm({ ...credentials, ...members }),
      refusal,
    },
  ])
  return [
    ...always,
    {
      what: 'the secret of another client',
      message: ({ credentials, otherSecret }) =>
        asJson({ ...credentials, client_secret: otherSecret }),
      refusal: 'badClient',
    },
    {
      what: 'a secret with one character mistyped',
      message: ({ credentials }) =>
        asJson({ ...credentials, client_secret: mistyped(credentials.client_secret) }),
      refusal: 'badClient',
    },
    {
      what: 'client_id and client_secret in each other’s place',
      message: ({ credentials: { client_id, client_secret, ...rest } }) =>
        asJson({ ...rest, client_id: client_secret, client_secret: client_id }),
      refusal: 'badClient',
    },
    {
      what: 'the secret in the place of the audience',
      message: ({ credentials }) => asJson({ ...credentials, audience: credentials.client_secret }),
      refusal: 'audienceNotGranted',
    },
    {
      what: 'the audience in another case',
      message: ({ credentials }) =>
        asJson({ ...credentials, audience: credentials.audience.toUpperCase() }),
      refusal: 'audienceNotGranted',
    },
    {
      what: 'a resource that is not granted',
      message: ({ credentials }) =>
        asForm({ ...without(credentials, ['audience']), resource: 'https://x.example/' }),
      refusal: 'audienceNotGranted',
    },
  ]
}

function repeatedParameters(): BadRequest[] {
  return [
    ...FIELDS.map((field) => ({
      what: `the form parameter ${field} twice`,
      message: ({ credentials }: Known) =>
        asForm([...Object.entries(credentials), [field, credentials[field]]]),
      refusal: naming(field),
    })),
    {
      what: 'an unknown form parameter twice',
      message: ({ credentials }) =>
        asForm([...Object.entries(credentials), ['tenant', 'a'], ['tenant', 'b']]),
      refusal: INVALID_REQUEST,
    },
    {
      what: 'several resources at once',
      message: ({ credentials: { audience, ...rest } }) =>
        asForm([
          ...Object.entries(rest),
          ['resource', audience],
          ['resource', 'https://x.example/'],
        ]),
      refusal: { status: 400, error: 'invalid_target' },
    },
    {
      what: 'a JSON member twice',
      message: ({ credentials }) => ({
        headers: JSON_TYPE,
        body: JSON.stringify(credentials).replace('{', '{"client_id":"client_x",'),
      }),
      refusal: INVALID_REQUEST,
    },
    {
      what: 'a JSON member twice, once with escapes',
      message: ({ credentials }) => ({
        headers: JSON_TYPE,
        body: JSON.stringify(credentials).replace('{', '{"client\\u005fid":"client_x",'),
      }),
      refusal: INVALID_REQUEST,
    },
  ]
}

function allOf<Value>(fields: readonly string[], value: Value): Record<string, Value> {
  return Object.fromEntries(fields.map((field) => [field, value]))
}

function mistyped(secret: string): string {
  return secret.slice(0, -8) + (secret.at(-8) === 'a' ? 'b' : 'a') + secret.slice(-7)
}

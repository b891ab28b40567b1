/** Bodies that cannot, or must not, be read as parameters. */

import {
  type BadRequest,
  INVALID_REQUEST,
  type Known,
  naming,
  REQUIRED_FIELDS,
} from './bad-token-request.ts'
import { asForm, asJson, FORM_TYPE, JSON_TYPE, type Message } from './token-requests.ts'

const MAX_BODY_BYTES = 16 * 1024

export const BAD_BODIES: readonly BadRequest[] = brokenBodies()

function brokenBodies(): BadRequest[] {
  const json = (body: string | Uint8Array): Message => ({ headers: JSON_TYPE, body })
  const typed = (type: string) => (known: Known) => ({
    headers: { 'content-type': type },
    body: JSON.stringify(known.credentials),
  })
  const unsupported = { status: 415, error: 'invalid_request' }
  const tooLarge = { status: 413, error: 'invalid_request' }
  const nested = '['.repeat(4000) + ']'.repeat(4000)
  const everything = naming(...REQUIRED_FIELDS)
  return [
    { what: 'no body', message: () => ({}), refusal: everything },
    { what: 'an empty JSON body', message: () => json(''), refusal: INVALID_REQUEST },
    {
      what: 'an empty form',
      message: () => ({ headers: FORM_TYPE, body: '' }),
      refusal: everything,
    },
    { what: 'text that is not JSON', message: () => json('client_id=a'), refusal: INVALID_REQUEST },
    {
      what: 'JSON cut short',
      message: ({ credentials }) => json(JSON.stringify(credentials).slice(0, -1)),
      refusal: INVALID_REQUEST,
    },
    {
      what: 'two JSON objects',
      message: ({ credentials }) => json(JSON.stringify(credentials).repeat(2)),
      refusal: INVALID_REQUEST,
    },
    ...['[]', '[{"client_id":"a"}]', '7', 'null', 'true', '"text"'].map((text) => ({
      what: `the JSON value ${text}`,
      message: () => json(text),
      refusal: INVALID_REQUEST,
    })),
    { what: 'deeply nested JSON', message: () => json(nested), refusal: INVALID_REQUEST },
    {
      what: 'deep nesting beside good credentials',
      message: ({ credentials }) =>
        json(JSON.stringify(credentials).replace('{', `{"x":${nested},`)),
      refusal: INVALID_REQUEST,
    },
    {
      what: 'bytes that are not UTF-8',
      message: () => json(Buffer.from('{"client_id":"\xff\xfe"}', 'latin1')),
      refusal: INVALID_REQUEST,
    },
    {
      what: 'JSON sent as a form',
      message: ({ credentials }) => ({ headers: FORM_TYPE, body: JSON.stringify(credentials) }),
      refusal: everything,
    },
    {
      what: 'credentials hidden behind __proto__',
      message: ({ credentials }) => json(`{"__proto__":${JSON.stringify(credentials)}}`),
      refusal: INVALID_REQUEST,
    },
    {
      what: '__proto__ beside good credentials',
      message: ({ credentials }) =>
        json(JSON.stringify(credentials).replace('{', '{"__proto__":{"scope":"admin"},')),
      refusal: INVALID_REQUEST,
    },
    {
      what: '__proto__ written with escapes',
      message: ({ credentials }) =>
        json(JSON.stringify(credentials).replace('{', '{"\\u005f_proto__":"x",')),
      refusal: INVALID_REQUEST,
    },
    {
      what: 'credentials hidden behind constructor.prototype',
      message: ({ credentials }) => asJson({ constructor: { prototype: credentials } }),
      refusal: INVALID_REQUEST,
    },
    { what: 'a body of plain text', message: typed('text/plain'), refusal: unsupported },
    { what: 'a body of XML', message: typed('application/xml'), refusal: unsupported },
    { what: 'JSON of another media type', message: typed('application/jwt'), refusal: unsupported },
    {
      what: 'a multipart form',
      message: typed('multipart/form-data; boundary=a'),
      refusal: unsupported,
    },
    {
      what: 'a content type that is none',
      message: typed('json'),
      refusal: unsupported,
    },
    {
      what: 'JSON larger than 16 KiB',
      message: ({ credentials }) => json(padded(credentials, MAX_BODY_BYTES + 1)),
      refusal: tooLarge,
      mayClose: true,
    },
    {
      what: 'a form larger than 16 KiB',
      message: ({ credentials }) => asForm({ ...credentials, padding: 'x'.repeat(MAX_BODY_BYTES) }),
      refusal: tooLarge,
      mayClose: true,
    },
    {
      what: 'more than 16 KiB in chunks',
      message: ({ credentials }) => ({
        headers: { ...JSON_TYPE, 'transfer-encoding': 'chunked' },
        body: padded(credentials, MAX_BODY_BYTES + 1),
      }),
      refusal: tooLarge,
      mayClose: true,
    },
  ]
}

/** Valid JSON of exactly this many bytes. */
export function padded(members: object, bytes: number): string {
  const text = JSON.stringify(members)
  return `{${' '.repeat(bytes - text.length)}${text.slice(1)}`
}

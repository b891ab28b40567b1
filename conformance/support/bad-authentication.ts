/** Client authentication in the wrong place, twice, or in an unusable form. */

import {
  type BadRequest,
  INVALID_REQUEST,
  type Known,
  naming,
  without,
} from './bad-token-request.ts'
import { asForm, asJson, basic, FORM_TYPE } from './token-requests.ts'

export const BAD_AUTHENTICATION: readonly BadRequest[] = [
  ...misplacedCredentials(),
  ...unusableAuthorization(),
]

function misplacedCredentials(): BadRequest[] {
  const inQuery = ({ credentials }: Known) => `?${new URLSearchParams({ ...credentials })}`
  return [
    {
      what: 'two client authentication methods at once',
      message: ({ credentials }) =>
        asForm({ ...credentials }, basic(credentials.client_id, credentials.client_secret)),
      refusal: INVALID_REQUEST,
    },
    {
      what: 'one client in the header and another in the body',
      message: ({ credentials: { client_id, client_secret, ...rest } }) =>
        asForm({ ...rest, client_id: 'client_x' }, basic(client_id, client_secret)),
      refusal: naming('client_id'),
    },
    {
      what: 'all parameters in the query',
      message: () => ({ headers: FORM_TYPE, body: '' }),
      query: inQuery,
      refusal: naming('query'),
    },
    {
      what: 'parameters in the query and in the body',
      message: ({ credentials }) => asForm({ ...credentials }),
      query: inQuery,
      refusal: naming('query'),
    },
    {
      what: 'the secret alone in the query',
      message: ({ credentials }) => asJson(without(credentials, ['client_secret'])),
      query: ({ credentials }) => `?client_secret=${credentials.client_secret}`,
      refusal: naming('query'),
    },
  ]
}

/** An `Authorization` header is an attempt to authenticate; these fail. */
function unusableAuthorization(): BadRequest[] {
  const encoded = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  const rows: readonly (readonly [string, (known: Known) => string])[] = [
    [
      'Basic with the secret of another client',
      ({ credentials, otherSecret }) => basic(credentials.client_id, otherSecret).authorization,
    ],
    ['Basic without anything', () => 'Basic'],
    ['Basic that is not base64', () => 'Basic *****'],
    ['Basic without a colon', () => encoded('client_x')],
    ['Basic without a client id', ({ credentials }) => encoded(`:${credentials.client_secret}`)],
    ['Basic without a secret', ({ credentials }) => encoded(`${credentials.client_id}:`)],
    ['Basic with a broken percent-encoding', () => encoded('client%zz:secret%')],
    ['Bearer instead of Basic', () => 'Bearer abc'],
    ['Digest instead of Basic', () => 'Digest username="client_x"'],
  ]
  return rows.map(([what, authorization]) => ({
    what,
    message: (known) => {
      const rest = without(known.credentials, ['client_id', 'client_secret'])
      return asForm(rest, { authorization: authorization(known) })
    },
    refusal: 'badClient',
  }))
}

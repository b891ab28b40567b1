/** The credentials as a file. */

export interface Filled {
  readonly origin: string
  readonly client_id: string
  readonly client_secret: string
  readonly audience: string
}

/** The variables that `miot`, the SDK and the examples read. */
export function dotEnv(filled: Filled): string {
  return `MIOT_TOKEN_URL='${filled.origin}/api/v1/login'
MIOT_API_URL='${filled.origin}'
MIOT_CLIENT_ID='${filled.client_id}'
MIOT_CLIENT_SECRET='${filled.client_secret}'
MIOT_AUDIENCE='${filled.audience}'
`
}

export function fileName(name: string): string {
  return (
    name
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
      .replaceAll(/^-|-$/g, '') || 'client'
  )
}

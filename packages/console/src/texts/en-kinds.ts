/**
 * What each kind of refusal is called, what caused it, and what to do. A test compares the kinds
 * with those that the servers record.
 */

export interface KindTexts {
  readonly name: string
  readonly cause: string
  readonly remedy: string
}

export const kinds = {
  malformed_request: {
    name: 'Malformed request',
    cause: 'The body of the login could not be read.',
    remedy:
      'Send JSON with Content-Type: application/json, or a form. Check quotes: a shell removes them, and a template may leave them out.',
  },
  missing_parameter: {
    name: 'Missing parameter',
    cause: 'The login lacks a parameter, which “parameters” below names.',
    remedy:
      'Send client_id, client_secret, audience and grant_type. An empty value counts as missing.',
  },
  unsupported_grant_type: {
    name: 'Unknown grant_type',
    cause: 'The login asked for a kind of grant that machines cannot use here.',
    remedy: 'Send "grant_type": "client_credentials".',
  },
  no_client_authentication: {
    name: 'No credentials',
    cause: 'The login carried no secret and no signed assertion.',
    remedy:
      'Send client_id and client_secret. An environment variable that is not set arrives as nothing: print its length where the program starts.',
  },
  malformed_client_authentication: {
    name: 'Malformed credentials',
    cause: 'The credentials came in a form that cannot be read, or in two forms at once.',
    remedy: 'Use one way only: both values in the body, or an Authorization: Basic header.',
  },
  malformed_secret: {
    name: 'Not a secret',
    cause: 'What came as client_secret cannot be a secret: it is cut, or has other characters.',
    remedy:
      'Copy the secret again, whole. It begins with miot_dev_ or miot_prod_. If it is lost, rotate it here.',
  },
  malformed_assertion: {
    name: 'Malformed assertion',
    cause: 'The signed assertion is not a JWT that can be read.',
    remedy: 'Make it with a JWT library: header, claims and signature, with an accepted algorithm.',
  },
  unknown_client: {
    name: 'Unknown application',
    cause: 'No application has the client_id that was sent.',
    remedy:
      'Compare client_id with the one on the application’s page. An application that was deleted is unknown, and so is one of another installation.',
  },
  wrong_secret: {
    name: 'Wrong secret',
    cause: 'The application exists, and the secret that was sent is none of its secrets.',
    remedy:
      'Copy the secret again from where it was saved; a shell cuts it at spaces and $. It may also be a former one, or another application’s. If it is lost, rotate it: the new one is shown once.',
  },
  secret_under_former_key: {
    name: 'Secret of a former key',
    cause: 'The secret was stored under an encryption key that this server no longer has.',
    remedy: 'Rotate the secret and bring the new one to the machine.',
  },
  bad_assertion: {
    name: 'Assertion not accepted',
    cause: 'The signature of the assertion does not match the keys of the application.',
    remedy: 'Sign with the private key whose public half is registered, and name it by its kid.',
  },
  bad_assertion_claim: {
    name: 'Claim of the assertion',
    cause: 'The assertion is signed correctly, but one claim is not what it must be.',
    remedy:
      '“claim” and “rule” below say which. iss and sub are the client_id, aud is this server, exp is minutes away, and jti is new each time. Set the clock (NTP).',
  },
  secret_expired: {
    name: 'Secret has ended',
    cause: 'The secret was right, and its time is over.',
    remedy: 'Bring the newer secret to this machine, or rotate and give the old one more overlap.',
  },
  client_disabled: {
    name: 'Application disabled',
    cause: 'The credentials are right, and the application is disabled.',
    remedy: 'Enable it on its page, or stop the machine that still uses it.',
  },
  address_not_allowed: {
    name: 'Address not allowed',
    cause: 'The request came from an address outside the allowed ranges.',
    remedy:
      'Add the address to the allowed ranges if the machine belongs there. With “Observe” instead of “Enforce”, others are logged and let in.',
  },
  audience_not_granted: {
    name: 'Wrong audience',
    cause: 'The application has no grant for the audience that was asked for.',
    remedy:
      'Send the audience exactly as the application’s page shows it; it is compared letter by letter. Or grant that API.',
  },
  scope_not_granted: {
    name: 'Scope not granted',
    cause: 'The login asked for a scope that the application was not granted.',
    remedy: 'Leave scope out to get all that is granted, or grant the scope first.',
  },
  too_many_failures: {
    name: 'Too many failures',
    cause: 'Logins from this address, or of this application, failed too often.',
    remedy:
      'Correct the credentials first, then wait for the seconds in Retry-After. A right secret is refused, too, until then.',
  },
  quota_exceeded: {
    name: 'Over the quota',
    cause: 'The application has asked for more tokens than its quota allows.',
    remedy:
      'Keep each token until it expires: one serves all requests. If the need is real, raise the quota.',
  },
  over_bound: {
    name: 'Over a limit of the server',
    cause: 'A limit of the whole server was reached, which “bound” below names.',
    remedy: 'Wait for the seconds in Retry-After, then try again. If it lasts, tell the operator.',
  },
  no_token: {
    name: 'No token',
    cause: 'The request carried no token.',
    remedy: 'Send Authorization: Bearer, followed by access_token of the login’s answer.',
  },
  malformed_token: {
    name: 'Malformed token',
    cause: 'What came as a token is not an access token of this server.',
    remedy:
      'Send access_token whole, without quotes and line breaks. The Token lab shows what is wrong with it.',
  },
  unknown_key: {
    name: 'Unknown signing key',
    cause: 'The token was signed with a key that this server does not have.',
    remedy:
      'Get a new token from this server. Tokens of another installation, or from before the keys were replaced, are not accepted.',
  },
  bad_signature: {
    name: 'Signature does not match',
    cause: 'The token was changed after it was signed, or cut.',
    remedy:
      'Send access_token exactly as received. If the machine did, something between changes it.',
  },
  claim_rejected: {
    name: 'Claim of the token',
    cause: 'The token is signed correctly, but one claim is not accepted; “claim” below names it.',
    remedy:
      'exp: the token has expired, get a new one in time. iat: the clocks differ, set them (NTP). aud: the token is for another API, log in with this API’s audience.',
  },
  revoked_token: {
    name: 'Token revoked',
    cause: 'The token was revoked, alone or with all tokens of the application.',
    remedy: 'Get a new token: a login works unless the application is disabled.',
  },
  foreign_token: {
    name: 'Token of another application',
    cause: 'The application asked about, or revoked, a token that is not its own.',
    remedy: 'Use the credentials of the application that the token was issued to.',
  },
  insufficient_scope: {
    name: 'Scope missing',
    cause: 'The token is valid, and lacks the scope that this request needs.',
    remedy:
      'Grant the scope to the application, then get a new token. Reports need asset:track:write, reading needs asset:track:read.',
  },
  unavailable: {
    name: 'Server not available',
    cause: 'The server could not decide: something it depends on did not answer.',
    remedy: 'Try again after a pause. The operator finds the cause in the log by the request id.',
  },
  invalid_request: {
    name: 'Invalid request',
    cause: 'A header or parameter of the request is missing or not valid; see “detail”.',
    remedy:
      'Reports need X-Request-Id, new for each report, and X-Request-Timestamp in Unix seconds near the server’s clock.',
  },
  not_found: {
    name: 'Not found',
    cause: 'The path or the asset does not exist for this organization and environment.',
    remedy:
      'Check path and asset_id. Data of the other environment cannot be seen with this token.',
  },
  method_not_allowed: {
    name: 'Wrong method',
    cause: 'The path exists, and not with this HTTP method.',
    remedy: 'The Allow header of the answer names the methods. Reports are sent with POST.',
  },
  request_id_conflict: {
    name: 'X-Request-Id used twice',
    cause: 'A different report was sent before with the same X-Request-Id.',
    remedy:
      'Make a new X-Request-Id for each report; use the old one only to send the same report again.',
  },
  too_large: {
    name: 'Too large',
    cause: 'The body is larger than this path accepts.',
    remedy: 'Send fewer reports at once.',
  },
  unsupported_media_type: {
    name: 'Wrong Content-Type',
    cause: 'The body came with a media type that this path does not read.',
    remedy: 'Send Content-Type: application/json, and no Content-Encoding.',
  },
  too_many_requests: {
    name: 'Too many requests',
    cause: 'The server had more to do than it could take on, or one application sent too much.',
    remedy: 'Wait for the seconds in Retry-After and send the same again. Send reports in batches.',
  },
  client_gone: {
    name: 'Connection lost',
    cause: 'The machine closed the connection before its request had arrived whole.',
    remedy: 'Check the network and the timeout of the machine. It may send the same report again.',
  },
  invalid_json: {
    name: 'Not JSON',
    cause: 'The body is not JSON that can be read; “detail” says where.',
    remedy: 'Let a library write the JSON. Frequent faults: a comma too many, single quotes, NaN.',
  },
  validation_error: {
    name: 'Report has a fault',
    cause: 'The report is JSON, and a field is missing or has a value that is not allowed.',
    remedy:
      '“errors” in the answer names each field. Times need a zone; latitude is −90 to 90, longitude −180 to 180.',
  },
} as const satisfies Readonly<Record<string, KindTexts>>

export type Kind = keyof typeof kinds

/**
 * The libraries, each with a program that uses it as its own documentation shows. A new one is a
 * new row, and a program in the folder of its language.
 */

import type { LanguageName } from './toolchains.ts'

export interface Attempt {
  readonly command: readonly [string, ...string[]]
  /** Completes "works with"; null for what its documentation shows first. */
  readonly setting: string | null
}

export interface LibraryTest {
  /** For the command line. */
  readonly name: string
  readonly language: LanguageName
  /** As its registry spells it. */
  readonly package: string
  /** The package in the manifest that decides its version, where it is another one. */
  readonly pinnedBy?: string
  /** Where the manifest of the language is not that of this program. */
  readonly manifest?: string
  readonly what: string
  /**
   * - `token`: prints a token, with which the runner sends a report.
   * - `report`: sends a report itself.
   * - `renewal`: sends two, and prints each token that it gets.
   * - `verifier`: answers each token on standard input with `accept` or `refuse`.
   */
  readonly kind: 'token' | 'report' | 'renewal' | 'verifier'
  /** One with a secret if left out, with a key, for several APIs, or with tokens of 61 seconds. */
  readonly client?: 'secret' | 'key' | 'several' | 'short-lived'
  /** Of the tokens to verify, by the audience's setting; `at+jwt` if left out. */
  readonly typ?: 'at+jwt' | 'JWT'
  /** The first that works is the result. */
  readonly attempts: readonly [Attempt, ...Attempt[]]
}

/** Plain defaults. */
function plain(...command: [string, ...string[]]): Attempt {
  return { command, setting: null }
}

const PYTHON = '.venv/bin/python'
const SPRING_CLIENT = ['java', '-jar', 'spring-client/target/app.jar'] as const
const SPRING_SERVER = ['java', '-jar', 'spring-resource-server/target/app.jar'] as const
const NIMBUS = ['java', '-cp', 'nimbus/target/classes:nimbus/target/dependency/*'] as const

export const LIBRARY_TESTS: readonly LibraryTest[] = [
  {
    name: 'auth0-legacy',
    language: 'node',
    package: 'auth0',
    what: '`auth0/legacy`: `AuthenticationClient.oauth.clientCredentialsGrant`',
    kind: 'token',
    attempts: [plain('node', 'auth0-legacy.mjs')],
  },
  {
    name: 'auth0',
    language: 'node',
    package: 'auth0',
    what: '`AuthenticationClient.oauth.clientCredentialsGrant`',
    kind: 'token',
    attempts: [plain('node', 'auth0.mjs')],
  },
  {
    name: 'auth0-private-key-jwt',
    language: 'node',
    package: 'auth0',
    what: '`AuthenticationClient` with `clientAssertionSigningKey`',
    kind: 'token',
    client: 'key',
    attempts: [plain('node', 'auth0.mjs', 'private-key-jwt')],
  },
  {
    name: 'auth0-auth-js',
    language: 'node',
    package: '@auth0/auth0-auth-js',
    what: '`AuthClient.getTokenByClientCredentials`, by discovery',
    kind: 'token',
    attempts: [plain('node', 'auth0-auth-js.mjs')],
  },
  {
    name: 'simple-oauth2',
    language: 'node',
    package: 'simple-oauth2',
    what: '`ClientCredentials` with `tokenHost` alone',
    kind: 'token',
    attempts: [plain('node', 'simple-oauth2.mjs')],
  },
  {
    name: 'simple-oauth2-audience',
    language: 'node',
    package: 'simple-oauth2',
    what: 'names its API: `getToken({ audience })`',
    kind: 'token',
    client: 'several',
    attempts: [plain('node', 'simple-oauth2.mjs', 'audience')],
  },
  {
    name: 'badgateway',
    language: 'node',
    package: '@badgateway/oauth2-client',
    what: '`OAuth2Fetch` with `server` alone, by discovery',
    kind: 'report',
    attempts: [plain('node', 'badgateway.mjs')],
  },
  {
    name: 'badgateway-audience',
    language: 'node',
    package: '@badgateway/oauth2-client',
    what: 'names its API: `clientCredentials({ resource })`',
    kind: 'report',
    client: 'several',
    attempts: [plain('node', 'badgateway.mjs', 'audience')],
  },
  {
    name: 'express-oauth2-jwt-bearer',
    language: 'node',
    package: 'express-oauth2-jwt-bearer',
    what: 'verifies `at+jwt`: `auth` with `issuerBaseURL` and `audience`',
    kind: 'verifier',
    attempts: [plain('node', 'express-oauth2-jwt-bearer.mjs')],
  },
  {
    name: 'authlib',
    language: 'python',
    package: 'Authlib',
    what: '`OAuth2Session.fetch_token`',
    kind: 'report',
    attempts: [plain(PYTHON, 'authlib_client.py')],
  },
  {
    name: 'authlib-audience',
    language: 'python',
    package: 'Authlib',
    what: 'names its API: `fetch_token(…, audience=…)`',
    kind: 'report',
    client: 'several',
    attempts: [plain(PYTHON, 'authlib_client.py', 'audience')],
  },
  {
    name: 'authlib-renewal',
    language: 'python',
    package: 'Authlib',
    what: '`OAuth2Session`, renewed by itself',
    kind: 'renewal',
    client: 'short-lived',
    attempts: [plain(PYTHON, 'authlib_renewal.py')],
  },
  {
    name: 'authlib-private-key-jwt',
    language: 'python',
    package: 'Authlib',
    what: '`OAuth2Session` with `PrivateKeyJWT`',
    kind: 'report',
    client: 'key',
    attempts: [plain(PYTHON, 'authlib_private_key_jwt.py')],
  },
  {
    name: 'requests-oauthlib',
    language: 'python',
    package: 'requests-oauthlib',
    what: '`OAuth2Session` with `BackendApplicationClient`',
    kind: 'report',
    attempts: [plain(PYTHON, 'requests_oauthlib_client.py')],
  },
  {
    name: 'requests-oauthlib-audience',
    language: 'python',
    package: 'requests-oauthlib',
    what: 'names its API: `fetch_token(…, audience=…)`',
    kind: 'report',
    client: 'several',
    attempts: [plain(PYTHON, 'requests_oauthlib_client.py', 'audience')],
  },
  {
    name: 'auth0-python',
    language: 'python',
    package: 'auth0-python',
    what: '`GetToken.client_credentials`',
    kind: 'token',
    attempts: [plain(PYTHON, 'auth0_client.py')],
  },
  {
    name: 'auth0-python-private-key-jwt',
    language: 'python',
    package: 'auth0-python',
    what: '`GetToken` with `client_assertion_signing_key`',
    kind: 'token',
    client: 'key',
    attempts: [plain(PYTHON, 'auth0_client.py', 'private-key-jwt')],
  },
  {
    name: 'auth-manager',
    language: 'python',
    package: 'microboxlabs-auth-manager',
    what: '`AuthToken.get_token`, which posts a form to `/api/v1/login`',
    kind: 'report',
    // Never as it comes: it would send the credentials to its own host.
    attempts: [
      { command: [PYTHON, 'auth_manager.py'], setting: '[its host replaced](#the-addresses)' },
    ],
  },
  {
    name: 'pyjwt',
    language: 'python',
    package: 'PyJWT',
    what: 'verifies `at+jwt`: `PyJWKClient` and `decode` with `audience` and `issuer`',
    kind: 'verifier',
    attempts: [plain(PYTHON, 'pyjwt_verifier.py')],
  },
  {
    name: 'x-oauth2',
    language: 'go',
    package: 'golang.org/x/oauth2',
    what: '`clientcredentials.Config` with `TokenURL`',
    kind: 'report',
    attempts: [plain('bin/oauth2')],
  },
  {
    name: 'x-oauth2-audience',
    language: 'go',
    package: 'golang.org/x/oauth2',
    what: 'names its API: `EndpointParams` with `audience`',
    kind: 'report',
    client: 'several',
    attempts: [plain('bin/oauth2', 'audience')],
  },
  {
    name: 'go-oidc',
    language: 'go',
    package: 'github.com/coreos/go-oidc/v3',
    what: 'verifies `at+jwt`: `NewProvider` by discovery, `ClientID` is the audience',
    kind: 'verifier',
    attempts: [plain('bin/go-oidc')],
  },
  {
    name: 'keyfunc',
    language: 'go',
    package: 'github.com/MicahParks/keyfunc/v3',
    what: 'verifies `at+jwt`: `NewDefaultCtx`, and `jwt.Parse` of golang-jwt 5',
    kind: 'verifier',
    attempts: [plain('bin/keyfunc')],
  },
  {
    name: 'spring-client',
    language: 'java',
    package: 'spring-boot-starter-security-oauth2-client',
    pinnedBy: 'spring-boot-starter-parent',
    manifest: 'spring-client/pom.xml',
    what: '`OAuth2ClientHttpRequestInterceptor`, registered by `issuer-uri`',
    kind: 'report',
    attempts: [plain(...SPRING_CLIENT, '--spring.profiles.active=issuer-uri')],
  },
  {
    name: 'spring-client-token-uri',
    language: 'java',
    package: 'spring-boot-starter-security-oauth2-client',
    pinnedBy: 'spring-boot-starter-parent',
    manifest: 'spring-client/pom.xml',
    what: '`OAuth2ClientHttpRequestInterceptor`, registered by `token-uri`',
    kind: 'report',
    attempts: [plain(...SPRING_CLIENT, '--spring.profiles.active=token-uri')],
  },
  {
    name: 'spring-client-audience',
    language: 'java',
    package: 'spring-boot-starter-security-oauth2-client',
    pinnedBy: 'spring-boot-starter-parent',
    manifest: 'spring-client/pom.xml',
    what: 'names its API: a parameters converter with `audience`',
    kind: 'report',
    client: 'several',
    attempts: [plain(...SPRING_CLIENT, '--spring.profiles.active=token-uri,audience')],
  },
  {
    name: 'spring-client-private-key-jwt',
    language: 'java',
    package: 'spring-boot-starter-security-oauth2-client',
    pinnedBy: 'spring-boot-starter-parent',
    manifest: 'spring-client/pom.xml',
    what: '`NimbusJwtClientAuthenticationParametersConverter`',
    kind: 'report',
    client: 'key',
    attempts: [plain(...SPRING_CLIENT, '--spring.profiles.active=token-uri,private-key-jwt')],
  },
  {
    name: 'spring-resource-server',
    language: 'java',
    package: 'spring-boot-starter-security-oauth2-resource-server',
    pinnedBy: 'spring-boot-starter-parent',
    manifest: 'spring-resource-server/pom.xml',
    what: 'verifies `JWT`: resource server by `issuer-uri`',
    kind: 'verifier',
    typ: 'JWT',
    attempts: [
      plain(...SPRING_SERVER),
      {
        command: [...SPRING_SERVER, '--spring.profiles.active=audiences'],
        setting: '[the property `audiences`](#spring)',
      },
    ],
  },
  {
    name: 'spring-resource-server-at-jwt',
    language: 'java',
    package: 'spring-boot-starter-security-oauth2-resource-server',
    pinnedBy: 'spring-boot-starter-parent',
    manifest: 'spring-resource-server/pom.xml',
    what: 'verifies `at+jwt`: resource server by `issuer-uri`',
    kind: 'verifier',
    attempts: [
      plain(...SPRING_SERVER),
      {
        command: [...SPRING_SERVER, '--spring.profiles.active=at-jwt'],
        setting: '[a `JwtDecoder` of RFC 9068](#spring)',
      },
    ],
  },
  {
    name: 'nimbus-oauth2-oidc-sdk',
    language: 'java',
    package: 'oauth2-oidc-sdk',
    manifest: 'nimbus/pom.xml',
    what: '`TokenRequest` with `ClientSecretBasic`, by discovery',
    kind: 'token',
    attempts: [plain(...NIMBUS, 'com.example.interop.TokenClient')],
  },
  {
    name: 'nimbus-oauth2-oidc-sdk-audience',
    language: 'java',
    package: 'oauth2-oidc-sdk',
    manifest: 'nimbus/pom.xml',
    what: 'names its API: `TokenRequest.Builder.resource`',
    kind: 'token',
    client: 'several',
    attempts: [plain(...NIMBUS, 'com.example.interop.TokenClient', 'audience')],
  },
  {
    name: 'nimbus-private-key-jwt',
    language: 'java',
    package: 'oauth2-oidc-sdk',
    manifest: 'nimbus/pom.xml',
    what: '`TokenRequest` with `PrivateKeyJWT`, by discovery',
    kind: 'token',
    client: 'key',
    attempts: [plain(...NIMBUS, 'com.example.interop.TokenClient', 'private-key-jwt')],
  },
  {
    name: 'nimbus-jose-jwt',
    language: 'java',
    package: 'nimbus-jose-jwt',
    manifest: 'nimbus/pom.xml',
    what: 'verifies `JWT`: `DefaultJWTProcessor` with `JWKSourceBuilder`',
    kind: 'verifier',
    typ: 'JWT',
    attempts: [plain(...NIMBUS, 'com.example.interop.Verifier')],
  },
  {
    name: 'nimbus-jose-jwt-at-jwt',
    language: 'java',
    package: 'nimbus-jose-jwt',
    manifest: 'nimbus/pom.xml',
    what: 'verifies `at+jwt`: `DefaultJWTProcessor` with `JWKSourceBuilder`',
    kind: 'verifier',
    attempts: [
      plain(...NIMBUS, 'com.example.interop.Verifier'),
      {
        command: [...NIMBUS, 'com.example.interop.Verifier', 'at+jwt'],
        setting: '[a type verifier](#nimbus)',
      },
    ],
  },
]

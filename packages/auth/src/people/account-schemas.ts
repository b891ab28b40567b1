/** Requests and responses of `/people/v1`, as TypeBox schemas. */

import { ENVIRONMENTS } from '@modulariot/oauth/protocol'
import { type TSchema, Type } from '@modulariot/platform/schema'
import { ROLES } from '../records/member.ts'

const Closed = { additionalProperties: false }
const Choice = (values: readonly string[]) => Type.Union(values.map((value) => Type.Literal(value)))
const Nullable = (schema: TSchema) => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time' })
/** Far above every rule, so that the rules give the reasons. */
const Text = Type.String({ maxLength: 1024 })
const Scopes = Type.Array(Type.String())

export const EmptySchema = Type.Object({})

export const SessionSchema = Type.Object({
  person: Type.Object({
    person_id: Type.String(),
    email: Type.String(),
    name: Type.String(),
    two_factor_enabled: Type.Boolean(),
    email_verified: Type.Boolean(),
  }),
  organizations: Type.Array(
    Type.Object({
      org_id: Type.String(),
      name: Type.String(),
      role: Choice(ROLES),
      scopes: Type.Object({ development: Scopes, production: Scopes }),
    }),
  ),
  expires_at: Time,
})

export const SignUpStateSchema = Type.Object({
  mode: Choice(['first', 'invitation', 'open']),
  setup_code_required: Type.Boolean(),
  mail: Type.Boolean({ description: 'Whether the address is verified by a message.' }),
  environments: Type.Array(Choice(ENVIRONMENTS)),
})

export const SignUpSchema = Type.Object(
  {
    email: Text,
    password: Text,
    name: Text,
    organization_name: Type.Optional(Text),
    setup_code: Type.Optional(Text),
    invitation: Type.Optional(Text),
  },
  Closed,
)
export const VerificationSentSchema = Type.Object({ verification: Type.Literal('sent') })

export const SignInSchema = Type.Object({ email: Text, password: Text }, Closed)
export const SignedInSchema = Type.Union([
  SessionSchema,
  Type.Object({ two_factor: Type.Literal('required') }),
])
export const VerifiedSchema = Type.Union([
  SessionSchema,
  Type.Object({ sign_in: Type.Literal('required') }),
])

export const SecondFactorSchema = Type.Union([
  Type.Object({ code: Text }, Closed),
  Type.Object({ backup_code: Text }, Closed),
])

export const PasswordChangeSchema = Type.Object(
  { current_password: Text, new_password: Text },
  Closed,
)
export const EmailSchema = Type.Object({ email: Text }, Closed)
export const TokenSchema = Type.Object({ token: Text }, Closed)
export const VerificationSchema = Type.Object({ token: Text, password: Text }, Closed)
export const ResetSchema = Type.Object({ token: Text, new_password: Text }, Closed)
export const PasswordSchema = Type.Object({ password: Text }, Closed)
export const CodeSchema = Type.Object({ code: Text }, Closed)
export const OrganizationSchema = Type.Object({ name: Text }, Closed)

export const SessionListSchema = Type.Object({
  sessions: Type.Array(
    Type.Object({
      session_id: Type.String(),
      created_at: Time,
      last_seen_at: Time,
      expires_at: Time,
      address: Nullable(Type.String()),
      user_agent: Nullable(Type.String()),
      current: Type.Boolean(),
    }),
  ),
})

export const NewTwoFactorSchema = Type.Object({
  totp_uri: Type.String({ description: 'For an app that shows codes, as text or QR code.' }),
  backup_codes: Type.Array(Type.String(), { description: 'Each signs in once.' }),
})

export const InvitationSchema = Type.Object({
  organization_name: Type.String(),
  email: Type.String(),
  role: Choice(ROLES),
  expires_at: Time,
})

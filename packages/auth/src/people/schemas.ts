/** Requests and responses about organizations and members in the admin API, as TypeBox schemas. */

import { ENVIRONMENTS, SIGNING_ALGORITHMS } from '@modulariot/oauth/protocol'
import { Type } from '@modulariot/platform/schema'
import { Choice, Closed, createParser, Nullable } from '../admin/schemas.ts'
import { NAME_LENGTH } from '../records/client-limits.ts'
import { ROLES, type Role } from '../records/member.ts'

export const OrganizationSchema = Type.Object({
  org_id: Type.String(),
  name: Type.String(),
  environment: Choice(ENVIRONMENTS),
})

export const OrganizationChangeSchema = Type.Object(
  { name: Type.String({ minLength: NAME_LENGTH.min, maxLength: NAME_LENGTH.max }) },
  Closed,
)

export const MemberSchema = Type.Object({
  person_id: Type.String(),
  email: Type.String(),
  name: Type.String(),
  role: Choice(ROLES),
  two_factor_enabled: Type.Boolean(),
  created_at: Type.String({ description: 'When the person became a member.' }),
  last_seen_at: Nullable(
    Type.String({ description: 'To about an hour; null: without a session now.' }),
  ),
})

export const MemberListSchema = Type.Object({ members: Type.Array(MemberSchema) })

export const MemberChangeSchema = Type.Object({ role: Choice(ROLES) }, Closed)

export const InvitationSchema = Type.Object({
  invitation_id: Type.String(),
  email: Type.String(),
  role: Choice(ROLES),
  expires_at: Type.String(),
  created_at: Type.String(),
})

export const InvitationListSchema = Type.Object({ invitations: Type.Array(InvitationSchema) })

export const NewInvitationSchema = Type.Object(
  { email: Type.String({ maxLength: 254 }), role: Choice(ROLES) },
  Closed,
)

export const CreatedInvitationSchema = Type.Object({
  invitation: InvitationSchema,
  link: Nullable(Type.String({ description: 'Returned only once; null: it is mailed.' })),
  mailed: Type.Boolean({ description: 'Whether a message is on its way.' }),
})

export const KeyListSchema = Type.Object({
  keys: Type.Array(
    Type.Object({
      kid: Type.String(),
      alg: Choice(SIGNING_ALGORITHMS),
      state: Choice(['next', 'active', 'retired', 'gone']),
      created_at: Type.String(),
      activates_at: Nullable(Type.String({ description: 'Null: not decided yet.' })),
      retires_at: Nullable(Type.String()),
      rotates_at: Nullable(
        Type.String({
          description: 'When another key takes over from this one; null: no time is set.',
        }),
      ),
      gone_at: Nullable(Type.String({ description: 'It verifies until then; null: no end.' })),
    }),
  ),
})

export const TelemetryTokenSchema = Type.Object({
  access_token: Type.String(),
  expires_in: Type.Integer({ description: 'Seconds.' }),
  scope: Type.String(),
})

export const parseOrganizationChange = createParser<{ name: string }>(OrganizationChangeSchema)
export const parseMemberChange = createParser<{ role: Role }>(MemberChangeSchema)
export const parseNewInvitation = createParser<{ email: string; role: Role }>(NewInvitationSchema)

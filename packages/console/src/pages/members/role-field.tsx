import type { Role } from '../../api/people.ts'
import { useHere } from '../../state/session.ts'
import { t } from '../../texts/index.ts'
import { SelectField } from '../../ui/field.tsx'

/** Only owners make owners. The server checks that a role holds nothing its giver lacks. */
export function RoleField(props: { role: Role; onChange: (role: Role) => void }) {
  const own = useHere().membership.role
  const roles: readonly Role[] =
    own === 'owner' ? ['owner', 'admin', 'developer', 'viewer'] : ['admin', 'developer', 'viewer']
  return (
    <SelectField
      label={t.members.role}
      hint={t.roles.about[props.role]}
      value={props.role}
      onChange={({ target }) => props.onChange(target.value as Role)}
    >
      {roles.map((role) => (
        <option key={role} value={role}>
          {t.roles.names[role]}
        </option>
      ))}
    </SelectField>
  )
}

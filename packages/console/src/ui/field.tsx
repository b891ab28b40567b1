/** Form fields: a label, the control, and a hint or a fault below it. */

import { Eye, EyeOff } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId, useState } from 'react'
import { t } from '../texts/index.ts'
import { classes } from './classes.ts'

export const INPUT =
  'h-9 w-full min-w-0 rounded-md border border-line-strong bg-panel px-2.5 text-sm text-text shadow-panel focus-visible:border-accent focus-visible:outline-2 focus-visible:outline-offset-0 focus-visible:outline-accent/40 aria-invalid:border-bad'

interface FieldProps {
  readonly label: string
  readonly hint?: ReactNode
  readonly fault?: string | null | undefined
  readonly className?: string
}

interface Control {
  readonly id: string
  readonly 'aria-describedby': string | undefined
  readonly 'aria-invalid': true | undefined
}

export function Field(props: FieldProps & { readonly control: (props: Control) => ReactNode }) {
  const { label, hint, fault, className, control } = props
  const id = useId()
  const about = fault || hint ? `${id}-about` : undefined
  return (
    <div className={classes('flex min-w-0 flex-col gap-1.5', className)}>
      <label htmlFor={id} className="text-[0.8125rem] font-medium">
        {label}
      </label>
      {control({ id, 'aria-describedby': about, 'aria-invalid': fault ? true : undefined })}
      {about !== undefined && (
        <p id={about} className={classes('text-xs', fault ? 'text-bad' : 'text-muted')}>
          {fault || hint}
        </p>
      )}
    </div>
  )
}

export function TextField(
  props: FieldProps & Omit<ComponentProps<'input'>, 'id'> & { readonly mono?: boolean },
) {
  const { label, hint, fault, className, mono, ...input } = props
  return (
    <Field
      {...{ label, hint, fault }}
      {...(className !== undefined && { className })}
      control={(control) => (
        <input {...input} {...control} className={classes(INPUT, mono && 'font-mono text-xs')} />
      )}
    />
  )
}

export function PasswordField(props: FieldProps & Omit<ComponentProps<'input'>, 'id' | 'type'>) {
  const { label, hint, fault, className, ...input } = props
  const [shown, setShown] = useState(false)
  return (
    <Field
      {...{ label, hint, fault }}
      {...(className !== undefined && { className })}
      control={(control) => (
        <div className="relative">
          <input
            {...input}
            {...control}
            type={shown ? 'text' : 'password'}
            className={classes(INPUT, 'pr-9')}
          />
          <button
            type="button"
            aria-label={shown ? t.common.hide : t.common.show}
            aria-pressed={shown}
            onClick={() => setShown(!shown)}
            className="absolute inset-y-1 right-1 grid w-7 place-items-center rounded text-muted hover:text-text"
          >
            {shown ? <EyeOff className="size-4" /> : <Eye className="size-4" />}
          </button>
        </div>
      )}
    />
  )
}

export function SelectField(
  props: FieldProps & Omit<ComponentProps<'select'>, 'id'> & { readonly children: ReactNode },
) {
  const { label, hint, fault, className, children, ...select } = props
  return (
    <Field
      {...{ label, hint, fault }}
      {...(className !== undefined && { className })}
      control={(control) => (
        <select {...select} {...control} className={classes(INPUT, 'truncate pr-7')}>
          {children}
        </select>
      )}
    />
  )
}

export function CheckField(
  props: { readonly label: ReactNode; readonly about?: string } & ComponentProps<'input'>,
) {
  const { label, about, ...input } = props
  return (
    <label className="flex cursor-pointer items-start gap-2.5 text-sm">
      <input {...input} type="checkbox" className="mt-0.5 size-4 accent-accent-fill" />
      <span>
        {label}
        {about !== undefined && <span className="block text-xs text-muted">{about}</span>}
      </span>
    </label>
  )
}

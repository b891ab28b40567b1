import type { Client } from '../../api/admin.ts'

export interface DialogProps {
  readonly client: Client
  readonly onClose: () => void
}

/**
 * The kinds of refusals that the log can hold are all in docs/operations.md: people search for them
 * and count them, so a new one is documented with it.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { API_REFUSAL_KINDS } from '../packages/api/src/http/refusal-kinds.ts'
import { ADMIN_ERROR_STATUS } from '../packages/auth/src/errors/admin-error.ts'
import { PEOPLE_ERRORS } from '../packages/auth/src/people/people-error.ts'
import { ALL_REFUSAL_LABELS } from '../packages/oauth/src/protocol/refusal-labels.ts'

describe('the documented list of kinds', () => {
  it('has every kind', () => {
    const text = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8')
    const list = text.slice(
      text.indexOf('`reason.kind` is one of'),
      text.indexOf('Secrets, tokens'),
    )
    const kinds = [
      ...[...ALL_REFUSAL_LABELS, ...API_REFUSAL_KINDS],
      ...[ADMIN_ERROR_STATUS, PEOPLE_ERRORS].flatMap((table) => Object.keys(table)),
    ]
    assert.deepEqual(
      kinds.filter((kind) => !list.includes(`\`${kind}\``)),
      [],
    )
  })
})

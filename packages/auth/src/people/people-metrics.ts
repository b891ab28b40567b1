/** What is counted of persons. The labels are ours: codes of refusals, outcomes of messages. */

import { countEach, type Metrics } from '@modulariot/platform/metrics'
import { PEOPLE_ERRORS, type PeopleErrorCode } from './people-error.ts'

export interface PeopleMetrics {
  refused(code: PeopleErrorCode): void
  mailed(outcome: MailOutcome): void
}

const MAIL_OUTCOMES = ['sent', 'failed', 'dropped'] as const

export type MailOutcome = (typeof MAIL_OUTCOMES)[number]

export function createPeopleMetrics(metrics: Metrics): PeopleMetrics {
  const refusals = countEach(
    metrics.counter({
      name: 'miot_people_refusals_total',
      help: 'Requests of persons that were refused, by code.',
      labels: ['code'],
    }),
    'code',
    Object.keys(PEOPLE_ERRORS) as PeopleErrorCode[],
  )
  const mails = countEach(
    metrics.counter({
      name: 'miot_people_messages_total',
      help: 'Messages to persons, by what became of them; dropped: too many were waiting.',
      labels: ['outcome'],
    }),
    'outcome',
    MAIL_OUTCOMES,
  )
  return {
    refused: (code) => refusals(code).add(),
    mailed: (outcome) => mails(outcome).add(),
  }
}

/** Refuses requests that another origin makes with a person's cookie (CSRF). */

import type { FastifyRequest } from 'fastify'
import { AdminError } from '../../errors/admin-error.ts'
import { isOwnPage } from '../../people/own-page.ts'

/** @throws AdminError `cross_site`. */
export function assertSameOrigin(
  { method, headers }: Pick<FastifyRequest, 'method' | 'headers'>,
  issuer: string,
): void {
  if (isOwnPage(headers, method, issuer)) return
  throw new AdminError('cross_site', 'Requests with a session must come from this server’s pages')
}

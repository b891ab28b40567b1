/** The scopes of ModularIoT API. */
export const SCOPES = { write: 'asset:track:write', read: 'asset:track:read' } as const

/**
 * Allows erasing assets. Not among the scopes that the API's audience begins with: a client that is
 * created without a list of scopes gets all of its audience, and this one is for few.
 */
export const ERASE_SCOPE = 'asset:track:delete'

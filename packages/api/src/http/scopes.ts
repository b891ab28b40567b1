/** What a token may be allowed to do here. */
export const SCOPES = { write: 'asset:track:write', read: 'asset:track:read' } as const

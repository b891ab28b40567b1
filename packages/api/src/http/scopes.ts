/** The scopes of ModularIoT API. */
export const SCOPES = { write: 'asset:track:write', read: 'asset:track:read' } as const

export const DIST: string
export const RECORD: string
export function isBuilt(): boolean
export function hashOfSources(): string

/** The token of a link: in the fragment, which browsers send to no server. */

import { useEffect, useState } from 'react'

/** By path, in memory alone: a detour over the sign-in comes back to it. */
const kept = new Map<string, string>()

/** Read once; the address then loses it, so that history and screenshots hold no token. */
export function useFragmentToken(): string | null {
  const [token] = useState(() => {
    const { hash, pathname } = location
    if (hash !== '') kept.set(pathname, decodeURIComponent(hash.slice(1)))
    return kept.get(pathname) ?? null
  })
  useEffect(() => {
    if (location.hash !== '') history.replaceState(history.state, '', location.pathname)
  }, [])
  return token
}

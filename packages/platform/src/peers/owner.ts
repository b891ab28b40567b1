/**
 * Which process keeps what belongs to a key, by a hash of the key (FNV-1a): every process finds the
 * same one.
 *
 * @param count how many processes there are.
 */
export function ownerOf(key: string, count: number): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % count
}

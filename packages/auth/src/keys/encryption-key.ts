/** The size of the key that everything secret in the store is sealed with. */
export const ENCRYPTION_KEY_BYTES = 32

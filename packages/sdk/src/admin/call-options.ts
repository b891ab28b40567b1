/** What every method of the admin client takes. */

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

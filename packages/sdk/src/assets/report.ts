/** A report ready to send: its text never changes again, so that a retry is the same request. */
export interface Report {
  readonly request_id: string
  /** JSON text. */
  readonly body: string
}

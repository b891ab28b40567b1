/** An administrator asked for something that cannot be; the message says what to change. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
}

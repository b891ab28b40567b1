/** Files that hold the same setting, for the tests of everything that reads `X_FILE`. */

/** The content of a file, and what it says. */
export const SETTING_FILES: readonly (readonly [content: string, text: string])[] = [
  ['value', 'value'],
  ['value\n', 'value'],
  ['value\n\n', 'value'],
  ['value\r\n', 'value'],
  ['value\r\n\r\n', 'value'],
  ['value\r', 'value'],
  ['\uFEFFvalue\n', 'value'],
  ['\uFEFFvalue\r\n', 'value'],
  [' value with spaces ', ' value with spaces '],
  [' value with spaces \n', ' value with spaces '],
  ['\tvalue\t\n', '\tvalue\t'],
]

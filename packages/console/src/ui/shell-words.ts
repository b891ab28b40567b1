/** Commands of a terminal for what the page does. */

/** Quoted where a shell would take it apart. */
export function word(text: string): string {
  return /^[\w./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** `miot` with the arguments that are not empty. */
export function miotOf(...words: readonly (string | false | null | undefined)[]): string {
  return ['miot', ...words.filter((one): one is string => Boolean(one)).map(word)].join(' ')
}

/** @param path below `/admin/v1`. The token is a client's that was granted the scope. */
export function curlOf(method: string, path: string, body?: object): string {
  const lines = [
    `curl -sS -X ${method} ${word(`${location.origin}/admin/v1${path}`)}`,
    '  -H "Authorization: Bearer $TOKEN"',
  ]
  if (body !== undefined) {
    lines.push("  -H 'Content-Type: application/json'", `  -d ${word(JSON.stringify(body))}`)
  }
  return lines.join(' \\\n')
}

/**
 * Invisible characters that change what a reader sees: they control a terminal, begin a line,
 * reverse the order of letters or make two names look the same (Unicode Technical Report 36,
 * Technical Standard 39).
 */

/**
 * Controls (C0, DEL, C1), halves of surrogate pairs, line and paragraph separators, and everything
 * Unicode renders as nothing: bidirectional controls, zero-width characters, fillers, variation
 * selectors, tags.
 */
const INVISIBLE = String.raw`[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]`

/**
 * Scripts written with joiners: Persian and related ones, Mongolian, the scripts of India and
 * beyond.
 */
const JOINING_SCRIPTS = [
  ...['Arabic', 'Syriac', 'Nko', 'Mongolian', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati'],
  ...['Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Khmer', 'Myanmar', 'Tibetan'],
  ...['Balinese', 'Javanese'],
]

/**
 * Scripts without spaces between words, where a zero-width space marks a line-break opportunity.
 */
const SPACELESS_SCRIPTS = ['Khmer', 'Lao', 'Myanmar', 'Thai']

/** A character class of these scripts, and of the marks they share with others. */
function anyOf(scripts: readonly string[]): string {
  return `[${scripts.map((name) => String.raw`\p{Script_Extensions=${name}}`).join('')}]`
}

/**
 * Where such a character has a legitimate use. Each pattern ends with the character; a new use is a
 * new row.
 */
const LEGITIMATE = [
  // Joiners right after a letter or a mark of a script that has them (RFC 5892 appendix A).
  String.raw`${anyOf(JOINING_SCRIPTS)}[\u200c\u200d]`,
  String.raw`${anyOf(SPACELESS_SCRIPTS)}\u200b(?=${anyOf(SPACELESS_SCRIPTS)})`,
  // Between the parts of one emoji, and where an emoji is requested in colour; for digits on
  // keycaps only.
  String.raw`\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?\u200d(?=\p{Extended_Pictographic})`,
  String.raw`(?![0-9#*])\p{Emoji}\ufe0f`,
  String.raw`[0-9#*]\ufe0f(?=\u20e3)`,
  // Variants of Mongolian letters and of Chinese characters.
  String.raw`\p{Script=Mongolian}[\u180b-\u180f]`,
  String.raw`\p{Script=Han}[\ufe00-\ufe02\u{e0100}-\u{e01ef}]`,
]

const PATTERN = `${INVISIBLE}(?<!${LEGITIMATE.join('|')})`

/** Whether the text holds an invisible character where it has no legitimate use. */
export function holdsHiddenCharacters(text: string): boolean {
  return HIDDEN.test(text)
}

const HIDDEN = new RegExp(PATTERN, 'u')
const HIDDEN_RUNS = new RegExp(`(?:${PATTERN})+`, 'gu')

/** Replaces invisible characters that have no legitimate use, one run at a time. */
export function replaceHiddenCharacters(text: string, replace: (run: string) => string): string {
  return text.replaceAll(HIDDEN_RUNS, (run) => replace(run))
}

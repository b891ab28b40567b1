import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { holdsHiddenCharacters, replaceHiddenCharacters } from './hidden-characters.ts'

const HIDDEN: Readonly<Record<string, string>> = {
  'a line end': '\n',
  'an escape': '\u001b',
  'a delete': '\u007f',
  'a C1 control': '\u009b',
  'half of a surrogate pair': '\ud83d',
  'a line separator': '\u2028',
  'a paragraph separator': '\u2029',
  'a right-to-left override': '\u202e',
  'a left-to-right embedding': '\u202a',
  'an isolate': '\u2066',
  'the end of an isolate': '\u2069',
  'a left-to-right mark': '\u200e',
  'a right-to-left mark': '\u200f',
  'an Arabic letter mark': '\u061c',
  'a zero-width space': '\u200b',
  'a word joiner': '\u2060',
  'a byte order mark': '\ufeff',
  'a soft hyphen': '\u00ad',
  'a Hangul filler': '\u3164',
  'a tag': '\u{e0041}',
  'a variation selector': '\ufe01',
  'a joiner between Latin letters': '\u200d',
  'a non-joiner between Latin letters': '\u200c',
}

/** Each looks the same without the character. */
const ALIKE: Readonly<Record<string, string>> = {
  'a selector after a digit': 'PUMP-1\ufe0f',
  'a selector after a digit and a letter of a keycap': '1\ufe0fa\u20e3',
  'a zero-width space after the last word': 'ភាសា\u200b',
  'a zero-width space after a Latin letter': 'a\u200bភ',
}

const READABLE: Readonly<Record<string, string>> = {
  ASCII: 'Pump 7 (north) ~',
  Spanish: 'Camión número 3 – Ñuñoa',
  'Persian with a non-joiner': 'می\u200cخواهم',
  'Persian with a mark before the non-joiner': 'خانهٔ\u200cما',
  'Arabic with a vowel sign before the non-joiner': 'مِ\u200cخواهم',
  'Mongolian with a vowel separator': 'ᠮᠣᠩᠭᠣᠯ\u180eᠤᠨ',
  'Khmer with a place where a line may end': 'ភាសា\u200bខ្មែរ',
  'Javanese with a non-joiner': 'ꦏ꧀\u200cꦱ',
  Hebrew: 'שָׁלוֹם עוֹלָם',
  Thai: 'สวัสดีชาวโลก',
  'a keycap': '1\ufe0f\u20e3',
  'Hindi with a joiner': 'क्\u200dष',
  'Sinhala with a joiner': 'ශ්\u200dරී',
  'a family of emoji': '👨\u200d👩\u200d👧\u200d👦',
  'an emoji with skin and profession': '👩🏽\u200d🚀',
  'an emoji in colour': '❤\ufe0f on fire ❤\ufe0f\u200d🔥',
  Chinese: '水泵',
  'Chinese with a variant': '葛\u{e0100}',
}

describe('invisible characters', () => {
  for (const [name, character] of Object.entries(HIDDEN)) {
    it(`are found and replaced: ${name}`, () => {
      assert.equal(holdsHiddenCharacters(`a${character}b`), true)
      assert.equal(
        replaceHiddenCharacters(`a${character}b`, () => '?'),
        'a?b',
      )
    })
  }
  for (const [name, text] of Object.entries(READABLE)) {
    it(`are kept where a script needs them: ${name}`, () => {
      assert.equal(holdsHiddenCharacters(text), false)
    })
  }

  for (const [name, text] of Object.entries(ALIKE)) {
    it(`are found where they make two names look the same: ${name}`, () => {
      assert.equal(holdsHiddenCharacters(text), true)
    })
  }

  it('are found when a second joiner follows the one that is needed', () => {
    assert.equal(holdsHiddenCharacters('می\u200c\u200cخواهم'), true)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { wrapComments } from './comment-width.ts'

const words = (count: number): string => Array.from({ length: count }, () => 'word').join(' ')

describe('comments', () => {
  it('are wrapped at column 100, and the rest continues in the next line', () => {
    const text = `/**\n * ${words(22)}\n * next.\n *\n * Other.\n */\n`
    const wrapped = `/**\n * ${words(19)}\n * ${words(3)} next.\n *\n * Other.\n */\n`
    assert.equal(wrapComments(text), wrapped)
    assert.equal(wrapComments(wrapped), wrapped)
    assert.equal(wrapComments(`  // ${words(22)}\n`), `  // ${words(19)}\n  // ${words(3)}\n`)
  })

  it('of one line become a block', () => {
    assert.equal(
      wrapComments(`  /** ${words(21)} */\n  a()`),
      `  /**\n   * ${words(19)}\n   * ${words(2)}\n   */\n  a()`,
    )
  })

  it('of tags and lists are indented under them, and do not merge with the next', () => {
    const text = `/**\n * @param one ${words(20)}\n *   more\n * @returns two\n * - ${words(22)}\n * - b\n */`
    assert.equal(
      wrapComments(text),
      `/**\n * @param one ${words(17)}\n *   ${words(3)} more\n * @returns two\n * - ${words(19)}\n *   ${words(3)}\n * - b\n */`,
    )
  })

  it('that are code, tables, directives or one long word stay unchanged', () => {
    for (const line of [
      `const text = '${words(30)}'`,
      ` * | ${words(30)} |`,
      `// biome-ignore ${words(30)}`,
      ` * ${'x'.repeat(120)}`,
      ` * \`\`\`\n * ${words(30)}\n * \`\`\``,
    ]) {
      assert.equal(wrapComments(line), line)
    }
  })
})

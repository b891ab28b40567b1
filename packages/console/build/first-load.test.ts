import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { firstLoad } from './first-load.ts'

describe('the first load', () => {
  it('is the entry with its imports, the frame and one language, each file once', () => {
    const manifest = {
      'index.html': { file: 'main.js', imports: ['_ui.js'], css: ['main.css'] },
      '_ui.js': { file: 'ui.js', imports: ['_react.js'] },
      '_react.js': { file: 'react.js' },
      'src/texts/en.ts': { file: 'en.js' },
      'src/texts/es.ts': { file: 'es.js' },
      'src/shell/frame.tsx': { file: 'frame.js', imports: ['_ui.js', 'index.html'] },
      'src/pages/keys/keys.tsx': { file: 'keys.js', imports: ['_ui.js'] },
    }
    const files = ['main.js', 'main.css', 'ui.js', 'react.js', 'en.js', 'frame.js']
    assert.deepEqual(firstLoad(manifest).sort(), files.sort())
  })
})

/** `X_FILE` says the same to `miot`, to the SDK and to `@modulariot/oauth`. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseConfig } from '../packages/cli/src/config/parse-config.ts'
import { SETTING_FILES } from '../packages/oauth/src/client/setting-text.fixture.ts'
import { settingText } from '../packages/oauth/src/client/setting-text.ts'
import { settingsFrom } from '../packages/sdk/src/environment.ts'

const NAMES = ['TOKEN_URL', 'API_URL', 'CLIENT_ID', 'CLIENT_SECRET', 'AUDIENCE']
const OTHERS = Object.fromEntries(NAMES.map((name) => [`MIOT_${name}`, 'https://example.com']))

describe('a setting in a file', () => {
  for (const [content, text] of SETTING_FILES) {
    it(`with ${JSON.stringify(content)} says ${JSON.stringify(text)} to all`, () => {
      const { client } = parseConfig({ MIOT_CLIENT_SECRET_FILE: '/run/secret' }, () => content)
      const { MIOT_CLIENT_SECRET: _, ...others } = OTHERS
      const files = { ...others, MIOT_CLIENT_SECRET_FILE: '/run/secret' }
      const { client_secret } = settingsFrom(files, () => content)
      assert.deepEqual([client.clientSecret, client_secret?.()], [text, text])
      assert.equal(settingText(content), text)
    })
  }
})

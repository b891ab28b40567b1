/** The operator's own map below the assets, drawn by MapLibre under the console's policy. */

import assert from 'node:assert/strict'
import { mkdtempDisposableSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { startConsole } from '../server.ts'
import { lookAt, openBrowser, openPage, reasonToSkip } from '../support.ts'
import { archiveOf } from './archive.fixture.ts'
import { sendFleet } from './fleet.ts'
import { openAssets, signUp } from './signed-in.ts'

const ATTRIBUTION = '© <a href="https://elsewhere.example/">The makers</a> of the map'

describe('the map of MIOT_CONSOLE_MAP', { skip: reasonToSkip() }, () => {
  it('is drawn below the assets, with its makers, and follows the view', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'miot-map-'))
    const path = join(folder.path, 'chile.pmtiles')
    writeFileSync(path, archiveOf(ATTRIBUTION))
    const server = await startConsole({ MIOT_CONSOLE_MAP: path })
    const browser = await openBrowser()
    try {
      const { page, faults } = await openPage(browser)
      const elsewhere: string[] = []
      page.on('request', (request) => {
        const url = request.url()
        if (!/^(data|blob):/.test(url) && !url.startsWith(server.url)) elsewhere.push(url)
      })
      await signUp(page, server.url)
      await sendFleet(server)
      await openAssets(page, server.url)
      await page.getByText('© The makers of the map').waitFor()
      assert.equal(await page.locator('.maplibregl-canvas').count(), 1)
      // 60 % of the colour of land on that of the sea; the map of countries has no such colour.
      assert.ok(await hasColour(page, [240, 242, 244]), 'no tile was drawn')
      await page.getByRole('img', { name: /Map with/ }).focus()
      for (const key of ['+', '+', 'ArrowLeft', '-']) await page.keyboard.press(key)
      await lookAt(page, 'assets-on-a-map')
      assert.deepEqual([elsewhere, faults], [[], []])
    } finally {
      await browser.close()
      await server.stop()
    }
  })
})

/** Whether a pixel of the screen is about of this colour. */
async function hasColour(page: Page, colour: readonly number[]): Promise<boolean> {
  const image = (await page.screenshot()).toString('base64')
  return page.evaluate(
    async ([source, wanted]) => {
      const shot = new Image()
      shot.src = `data:image/png;base64,${source}`
      await shot.decode()
      const canvas = document.createElement('canvas')
      canvas.width = shot.width
      canvas.height = shot.height
      const context = canvas.getContext('2d') as CanvasRenderingContext2D
      context.drawImage(shot, 0, 0)
      const { data } = context.getImageData(0, 0, shot.width, shot.height)
      for (let at = 0; at < data.length; at += 4) {
        if (wanted.every((value, index) => Math.abs((data[at + index] as number) - value) <= 2)) {
          return true
        }
      }
      return false
    },
    [image, colour] as const,
  )
}

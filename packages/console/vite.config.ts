/**
 * How Vite turns `src/` into `dist/`. Everything is loaded from our own server, under a content
 * security policy without `unsafe-inline`.
 */

import { fileURLToPath } from 'node:url'
import tailwind from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/console/',
  plugins: [react(), tailwind(), stylesheetsOfSonner()],
  resolve: {
    alias: {
      // The other one needs Node's Buffer.
      'csv-parse/sync': 'csv-parse/browser/esm/sync',
      // The original adds a <style> element, which the policy refuses.
      'react-style-singleton': fileURLToPath(
        new URL('./src/policy/style-singleton.ts', import.meta.url),
      ),
    },
  },
  build: {
    target: 'es2023',
    manifest: 'manifest.json',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
})

/** Sonner adds its styles as a <style> element; its stylesheet is imported instead. */
function stylesheetsOfSonner(): Plugin {
  return {
    name: 'stylesheets-of-sonner',
    transform(code, id) {
      if (!/[\\/]sonner[\\/]dist[\\/]index\.mjs$/.test(id)) return null
      const without = code.replace(/^__insertCSS\(.*\);?$/m, '')
      if (without === code) throw new Error('sonner no longer adds its styles this way')
      return { code: without, map: null }
    },
  }
}

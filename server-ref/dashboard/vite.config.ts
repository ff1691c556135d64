import { defineConfig } from 'vite'

// The files have the same names in every build: the server embeds them, and checks by their content whether a browser's
// copies are current.
export default defineConfig({
  base: '/dashboard/',
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    modulePreload: false,
    assetsInlineLimit: 0,
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      output: {
        codeSplitting: false,
        entryFileNames: 'app.js',
        assetFileNames: 'app[extname]',
      },
    },
  },
})

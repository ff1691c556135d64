import { defineConfig } from 'vite'

// File names contain no hash, because the server embeds the files under fixed names. The server identifies versions by
// the files' content, so browsers need no new names to notice a change.
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

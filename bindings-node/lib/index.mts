/** ESM entry point. It re-exports the CommonJS classes, so that `import` and `require` share them. */

export type * from './index.js'
export { AutoModerateError, Client, EventStream, escapeHtml, LiveView, Project } from './index.js'

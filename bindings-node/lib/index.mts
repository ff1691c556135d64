/** The same for `import`: one set of classes, however it is loaded. */

export type * from './index.js'
export { AutoModerateError, Client, EventStream, escapeHtml, Project } from './index.js'

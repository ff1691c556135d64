/** The same for `import`. */

export type * from './testing.js'
export { Server } from './testing.js'

/** ESM entry point of `automoderate/testing`. */

export type * from './testing.js'
export { Server } from './testing.js'

/** States as the native module passes them. */

import { fromFailure } from './errors.js'
import type { State, StateInfo } from './values.js'

export interface StateJson {
  state: State
  attempt: number | null
  retryIn: number | null
  cause: unknown
}

export function stateInfo({ state, attempt, retryIn, cause }: StateJson): StateInfo {
  const error = fromFailure(cause)
  return {
    state,
    ...(attempt === null ? {} : { attempt }),
    ...(retryIn === null ? {} : { retryIn }),
    ...(error === undefined ? {} : { cause: error }),
  }
}

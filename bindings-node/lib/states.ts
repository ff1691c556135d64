/** Client states as the native module reports them. */

import { errorFromOptionalRecord } from './errors.js'
import type { State, StateInfo } from './values.js'

export interface StateJson {
  state: State
  attempt: number | null
  retryIn: number | null
  cause: unknown
}

export function toStateInfo({ state, attempt, retryIn, cause }: StateJson): StateInfo {
  const error = errorFromOptionalRecord(cause)
  return {
    state,
    ...(attempt === null ? {} : { attempt }),
    ...(retryIn === null ? {} : { retryIn }),
    ...(error === undefined ? {} : { cause: error }),
  }
}

/** Abortable waiting. */

/**
 * Returns a promise that settles like `promise`, or rejects with the signal's reason as soon as the signal is aborted.
 * In both cases, the listener on the signal is removed.
 */
export function rejectOnAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const abort = () => settle(() => reject(signal.reason))
    const settle = (action: () => void) => {
      signal.removeEventListener('abort', abort)
      action()
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort)
    promise.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    )
  })
}

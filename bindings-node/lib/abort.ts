/** Waiting that ends when a signal is aborted. */

/** Settles like the promise, or rejects with the signal's reason. Removes its listener. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const abort = () => settle(() => reject(signal.reason))
    const settle = (end: () => void) => {
      signal.removeEventListener('abort', abort)
      end()
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort)
    promise.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    )
  })
}

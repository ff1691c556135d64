/**
 * Named listeners, as in an event emitter. An exception thrown by a listener affects neither other listeners nor the
 * process.
 */

import { checkFunction } from './arguments.js'

type Listener = (...args: never[]) => unknown
interface ListenerEntry {
  listener: Listener
  once: boolean
}

export class Listeners {
  /** Listeners by name. A list is replaced, not modified, so that listeners may be added and removed during a call. */
  readonly #lists = new Map<string, readonly ListenerEntry[]>()
  readonly #onError: (error: unknown) => void

  /** `onError` is called with exceptions thrown by listeners, and with rejections of promises returned by listeners. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  add(name: string, listener: Listener, once = false): void {
    this.#lists.set(name, [...this.#entries(name), { listener: checkFunction('listener', listener), once }])
  }

  /** Removes the most recently added occurrence of the listener. */
  remove(name: string, listener: Listener): void {
    const list = this.#entries(name)
    const at = list.findLastIndex((entry) => entry.listener === listener)
    this.#setEntries(
      name,
      list.filter((_, index) => index !== at),
    )
  }

  /** Removes all listeners, or all listeners for one name. */
  clear(name?: string): void {
    if (name === undefined) this.#lists.clear()
    else this.#lists.delete(name)
  }

  count(name: string): number {
    return this.#entries(name).length
  }

  /** Returns the names that have listeners. */
  names(): string[] {
    return [...this.#lists.keys()]
  }

  /** Calls all listeners for a name. Returns false if there are none. */
  callAll(name: string, ...args: unknown[]): boolean {
    const list = this.#entries(name)
    for (const entry of list) {
      if (entry.once)
        this.#setEntries(
          name,
          this.#entries(name).filter((one) => one !== entry),
        )
      try {
        const outcome = (entry.listener as (...args: unknown[]) => unknown)(...args)
        if (isThenable(outcome)) outcome.then(undefined, this.#onError)
      } catch (error) {
        this.#onError(error)
      }
    }
    return list.length > 0
  }

  #entries(name: string): readonly ListenerEntry[] {
    return this.#lists.get(name) ?? []
  }

  #setEntries(name: string, list: readonly ListenerEntry[]): void {
    if (list.length > 0) this.#lists.set(name, list)
    else this.#lists.delete(name)
  }
}

function isThenable(outcome: unknown): outcome is PromiseLike<unknown> {
  return typeof outcome === 'object' && outcome !== null && 'then' in outcome && typeof outcome.then === 'function'
}

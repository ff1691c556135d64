/** Listeners by name, like an event emitter's. A listener's exception reaches neither the others nor the process. */

import { callback } from './arguments.js'

type Listener = (...args: never[]) => unknown
interface Entry {
  listener: Listener
  once: boolean
}

export class Listeners {
  /** Lists are replaced, not changed, so that an iteration keeps its list. */
  readonly #lists = new Map<string, readonly Entry[]>()
  readonly #failed: (error: unknown) => void

  /** `failed` receives a listener's exception, or the rejection of its promise. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  add(name: string, listener: Listener, once = false): void {
    this.#lists.set(name, [...this.#of(name), { listener: callback('listener', listener), once }])
  }

  /** Removes the one that was added last. */
  remove(name: string, listener: Listener): void {
    const list = this.#of(name)
    const at = list.findLastIndex((entry) => entry.listener === listener)
    this.#set(
      name,
      list.filter((_, index) => index !== at),
    )
  }

  /** Removes all, or those of one name. */
  clear(name?: string): void {
    if (name === undefined) this.#lists.clear()
    else this.#lists.delete(name)
  }

  count(name: string): number {
    return this.#of(name).length
  }

  /** The names with listeners. */
  names(): string[] {
    return [...this.#lists.keys()]
  }

  /** Calls the listeners of a name; false if there are none. */
  call(name: string, ...args: unknown[]): boolean {
    const list = this.#of(name)
    for (const entry of list) {
      if (entry.once)
        this.#set(
          name,
          this.#of(name).filter((one) => one !== entry),
        )
      try {
        const outcome = (entry.listener as (...args: unknown[]) => unknown)(...args)
        if (isThenable(outcome)) outcome.then(undefined, this.#failed)
      } catch (error) {
        this.#failed(error)
      }
    }
    return list.length > 0
  }

  #of(name: string): readonly Entry[] {
    return this.#lists.get(name) ?? []
  }

  #set(name: string, list: readonly Entry[]): void {
    if (list.length > 0) this.#lists.set(name, list)
    else this.#lists.delete(name)
  }
}

function isThenable(outcome: unknown): outcome is PromiseLike<unknown> {
  return typeof outcome === 'object' && outcome !== null && 'then' in outcome && typeof outcome.then === 'function'
}

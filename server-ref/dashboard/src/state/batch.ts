// Batches many events into one redraw.

const PAUSE = 100
/** A background page rarely runs timers, so the waiting events are bounded. */
const FULL = 500

export class Batch<T> {
  #waiting: T[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly apply: (items: T[]) => void) {}

  push(item: T): void {
    this.#waiting.push(item)
    if (this.#waiting.length >= FULL) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), PAUSE)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const items = this.#waiting
    this.#waiting = []
    if (items.length > 0) this.apply(items)
  }
}

// Combines many events into one redraw.

/** Delay in milliseconds from the first pending event to the redraw. */
const FLUSH_DELAY = 100
/** Maximum number of pending events. A limit is needed because browsers delay timers in background pages. */
const MAX_PENDING = 500

export class Batch<T> {
  #pending: T[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly apply: (items: T[]) => void) {}

  push(item: T): void {
    this.#pending.push(item)
    if (this.#pending.length >= MAX_PENDING) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_DELAY)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const items = this.#pending
    this.#pending = []
    if (items.length > 0) this.apply(items)
  }
}

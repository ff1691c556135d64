// One project's events, each once and in the order of their ids, whatever the connection does. It knows neither the
// network nor a clock: its caller requests the pages that it wants, and passes it their events.

/** The number of earlier events shown at first. */
const BACKLOG = 500
/** After a longer absence only the newest events are shown, with the number left out. */
const FAR_BEHIND = 2000
/** The most live events that wait for earlier ones. The rest is requested again, because the log has them all. */
const HELD = 1000

/** `live`: it happened since the join, even if it came in a page. */
export type Origin = 'live' | 'earlier'

export interface Logged {
  event: string
  data: { event_id: number } & Record<string, unknown>
}

/** An answer to `replay_events`. */
export interface Page {
  events: Logged[]
  head: number
  oldest: number
  log: string
}

export interface Sink {
  deliver(entry: Logged, origin: Origin): void
  /** Events that can't be shown, with their number if known. */
  gap(missed: number | undefined): void
}

export class Follower {
  #log: string | undefined
  #last = 0
  /** The newest known id. */
  #target = 0
  /** The newest id at the join. */
  #head = 0
  #asking = false
  /** Nothing was delivered from this log yet, so its earlier losses were not missed. */
  #fresh = true
  readonly #held = new Map<number, Logged>()

  constructor(private readonly sink: Sink) {}

  /** The project was joined; on a new connection, all pending requests are gone. */
  joined(log: string, head: number): void {
    this.#asking = false
    this.#held.clear()
    this.#stand(log, head)
  }

  live(entry: Logged): void {
    const id = entry.data.event_id
    if (id <= this.#last) return
    this.#target = Math.max(this.#target, id)
    if (this.#held.size < HELD) this.#held.set(id, entry)
    if (!this.#asking) this.#drain()
  }

  /** The id after which a page is wanted. */
  get wants(): number | undefined {
    return this.#asking || this.#target <= this.#last ? undefined : this.#last
  }

  asked(): void {
    this.#asking = true
  }

  /** The page was refused; it is still wanted. */
  refused(): void {
    this.#asking = false
  }

  page(page: Page): void {
    this.#asking = false
    if (page.log !== this.#log) {
      this.#held.clear()
      this.#stand(page.log, page.head)
      return
    }
    if (page.oldest > this.#last + 1) this.#skip(page.oldest - 1)
    this.#fresh = false
    for (const entry of page.events) {
      if (entry.data.event_id > this.#last) this.#deliver(entry)
    }
    if (page.events.length === 0) {
      // No more events exist, whatever was announced.
      this.#target = this.#last
      this.#held.clear()
    } else {
      this.#target = Math.max(this.#target, page.head)
    }
    this.#drain()
  }

  #stand(log: string, head: number): void {
    if (this.#log === undefined) {
      this.#last = Math.max(0, head - BACKLOG)
    } else if (this.#log !== log || this.#last > head) {
      // A different database, or an older state of it.
      this.sink.gap(undefined)
      this.#last = Math.max(0, head - BACKLOG)
      this.#fresh = true
    } else if (head - this.#last > FAR_BEHIND) {
      this.#skip(head - FAR_BEHIND)
    }
    this.#log = log
    this.#target = head
    this.#head = head
  }

  #skip(to: number): void {
    if (!this.#fresh) this.sink.gap(to - this.#last)
    this.#last = to
  }

  #drain(): void {
    for (;;) {
      const next = this.#held.get(this.#last + 1)
      if (!next) break
      this.#deliver(next)
    }
    for (const id of this.#held.keys()) if (id <= this.#last) this.#held.delete(id)
  }

  #deliver(entry: Logged): void {
    this.#last = entry.data.event_id
    this.#held.delete(this.#last)
    this.sink.deliver(entry, this.#last > this.#head ? 'live' : 'earlier')
  }
}

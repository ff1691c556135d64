// One project's events, each once and in the order of their ids, whatever the connection does. It knows neither the network
// nor a clock: somebody else asks for the pages it wants and tells it what came.

/** The first time, so many events are shown from before. */
const BACKLOG = 500
/** Who has been away for longer gets the newest, and is told how many are left out. */
const FAR_BEHIND = 2000
/** Live events that wait for the ones before them. The rest is asked for again: the log has them all. */
const HELD = 1000

/** `live`: it happened since the project was joined, and whether a page brought it does not matter. */
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
  /** Events that can't be shown: so many, or nobody knows how many. */
  gap(missed: number | undefined): void
}

export class Follower {
  #log: string | undefined
  #last = 0
  /** The newest id that is known to exist. */
  #target = 0
  /** The newest id when the project was joined. */
  #head = 0
  #asking = false
  /** Nothing was delivered from this log yet: what it has lost already was never missed. */
  #fresh = true
  readonly #held = new Map<number, Logged>()

  constructor(private readonly sink: Sink) {}

  /** The project was joined: on a new connection, everything that was under way is gone. */
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

  /** After which id a page is wanted. */
  get wants(): number | undefined {
    return this.#asking || this.#target <= this.#last ? undefined : this.#last
  }

  asked(): void {
    this.#asking = true
  }

  /** The page was not given; it is still wanted. */
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
      // Nothing more exists, whatever was announced.
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
      // Another database, or an older state of it.
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

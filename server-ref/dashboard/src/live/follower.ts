// Delivers a project's events in the order of their ids, each at most once, even if the connection is interrupted. It
// uses neither the network nor a clock: the caller requests the pages of missing events, and adds their events.

/** Maximum number of earlier events delivered after the first join, or after the log was replaced or rolled back. */
const INITIAL_EVENTS = 500
/** Maximum number of missed events that are delivered. Older missed events are reported as a gap. */
const MAX_MISSED_EVENTS = 2000
/** Maximum number of live events held until earlier ones arrive. Further events are later requested from the log. */
const MAX_HELD_EVENTS = 1000

/** `live` events happened after the join, even if they arrived in a page. */
export type Origin = 'live' | 'earlier'

export interface LoggedEvent {
  event: string
  data: { event_id: number } & Record<string, unknown>
}

/** The server's answer to `replay_events`. */
export interface ReplayPage {
  events: LoggedEvent[]
  head: number
  oldest: number
  log: string
}

export interface EventSink {
  deliver(entry: LoggedEvent, origin: Origin): void
  /** Reports missing events, with their number if it is known. */
  onGap(missed: number | undefined): void
}

export class Follower {
  #logId: string | undefined
  #lastId = 0
  /** The newest known event id. */
  #newestId = 0
  /** The newest event id at the time of the join. */
  #headAtJoin = 0
  #isPagePending = false
  /** True until the first page of this log arrives. Until then, skipped events are not reported as a gap. */
  #isNewLog = true
  readonly #heldEvents = new Map<number, LoggedEvent>()

  constructor(private readonly sink: EventSink) {}

  /** Drops the previous connection's held events and pending page. Must be called after each join. */
  onJoined(log: string, head: number): void {
    this.#isPagePending = false
    this.#heldEvents.clear()
    this.#setPosition(log, head)
  }

  addLive(entry: LoggedEvent): void {
    const id = entry.data.event_id
    if (id <= this.#lastId) return
    this.#newestId = Math.max(this.#newestId, id)
    if (this.#heldEvents.size < MAX_HELD_EVENTS) this.#heldEvents.set(id, entry)
    if (!this.#isPagePending) this.#deliverHeld()
  }

  /** The id after which the next page of missing events starts, or `undefined` if none should be requested now. */
  get nextPageAfter(): number | undefined {
    return this.#isPagePending || this.#newestId <= this.#lastId ? undefined : this.#lastId
  }

  onPageRequested(): void {
    this.#isPagePending = true
  }

  /** Must be called if the server refused or did not answer the request for a page, which is then requested again. */
  onPageRefused(): void {
    this.#isPagePending = false
  }

  addPage(page: ReplayPage): void {
    this.#isPagePending = false
    if (page.log !== this.#logId) {
      this.#heldEvents.clear()
      this.#setPosition(page.log, page.head)
      return
    }
    if (page.oldest > this.#lastId + 1) this.#skipTo(page.oldest - 1)
    this.#isNewLog = false
    for (const entry of page.events) {
      if (entry.data.event_id > this.#lastId) this.#deliver(entry)
    }
    if (page.events.length === 0) {
      // The log contains no more events, even if a newer id was announced.
      this.#newestId = this.#lastId
      this.#heldEvents.clear()
    } else {
      this.#newestId = Math.max(this.#newestId, page.head)
    }
    this.#deliverHeld()
  }

  #setPosition(log: string, head: number): void {
    if (this.#logId === undefined) {
      this.#lastId = Math.max(0, head - INITIAL_EVENTS)
    } else if (this.#logId !== log || this.#lastId > head) {
      // The server now has a different database, or an older state of the same one.
      this.sink.onGap(undefined)
      this.#lastId = Math.max(0, head - INITIAL_EVENTS)
      this.#isNewLog = true
    } else if (head - this.#lastId > MAX_MISSED_EVENTS) {
      this.#skipTo(head - MAX_MISSED_EVENTS)
    }
    this.#logId = log
    this.#newestId = head
    this.#headAtJoin = head
  }

  #skipTo(id: number): void {
    if (!this.#isNewLog) this.sink.onGap(id - this.#lastId)
    this.#lastId = id
  }

  #deliverHeld(): void {
    for (;;) {
      const next = this.#heldEvents.get(this.#lastId + 1)
      if (!next) break
      this.#deliver(next)
    }
    for (const id of this.#heldEvents.keys()) if (id <= this.#lastId) this.#heldEvents.delete(id)
  }

  #deliver(entry: LoggedEvent): void {
    this.#lastId = entry.data.event_id
    this.#heldEvents.delete(this.#lastId)
    this.sink.deliver(entry, this.#lastId > this.#headAtJoin ? 'live' : 'earlier')
  }
}

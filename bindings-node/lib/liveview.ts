/** Live views of projects. */

import type * as native from '../native/index.js'
import { parseEvents } from './batches.js'
import { startCall } from './completions.js'
import { errorFromJson } from './errors.js'
import type { Event } from './events.js'
import { keepAlive } from './keepalive.js'
import type { StreamHost } from './stream.js'
import type { LiveState } from './values.js'

/**
 * View of a project's counters, rules and review queue that follows the project's events.
 *
 * `for await (const event of view)` yields each event of the project once the `state` includes it. The state may already
 * include later events, because the view fetches a new snapshot after an event that does not contain enough data, such as
 * a `gap`. If the snapshot can't be fetched, the loop throws the error; the next loop continues where it stopped, and the
 * state is outdated until the view has fetched a snapshot. To resume later, store the state's `cursor` and not that of
 * the project, which may be further ahead.
 */
export class LiveView implements AsyncIterableIterator<Event> {
  readonly #native: native.LiveView
  readonly #host: StreamHost

  /** @internal */
  constructor(view: native.LiveView, host: StreamHost) {
    this.#native = view
    this.#host = host
  }

  /** Current state. Each access creates a new object. */
  get state(): LiveState {
    return JSON.parse(this.#native.state())
  }

  /** Returns the view itself, for `for await`. */
  [Symbol.asyncIterator](): this {
    return this
  }

  /** Returns the next event, once the state includes it. */
  async next(): Promise<IteratorResult<Event, undefined>> {
    const releaseEventLoop = this.#host.ref ? keepAlive() : undefined
    try {
      const done = await new Promise<native.Completion>((resolve) => {
        startCall((queue, id) => this.#native.next(queue, id), resolve)
      })
      if (done.error !== undefined) throw errorFromJson(done.error)
      const [event] = parseEvents(done.value ?? '[]')
      return event === undefined ? { done: true, value: undefined } : { done: false, value: event }
    } finally {
      releaseEventLoop?.()
    }
  }

  /** Called when a loop exits early. The view stays open until you `close` it. */
  return(): Promise<IteratorResult<Event, undefined>> {
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Ends the view, also for a loop that is waiting. */
  close(): void {
    this.#native.close()
  }

  /** Calls `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

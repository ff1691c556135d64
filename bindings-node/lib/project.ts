/** The `Project` class. */

import { type InspectOptions, inspect } from 'node:util'
import type * as native from '../native/index.js'
import { checkOptions, signalOf } from './arguments.js'
import { awaitCall, callForJson } from './completions.js'
import { errorFromNative } from './errors.js'
import type { Event, EventByName, EventName } from './events.js'
import { toCoreName } from './kinds.js'
import { LiveView } from './liveview.js'
import { type Abortable, EventStream, type StreamHost } from './stream.js'
import type { Snapshot } from './values.js'

/** Opens a stream of all events or of one kind of event. Either of the last two arguments may contain the signal. */
export function openStream(
  from: { events(kind?: string): native.Stream },
  host: StreamHost,
  kind: EventName | Abortable | undefined,
  given: Abortable | undefined,
): EventStream {
  const named = typeof kind !== 'object' && kind !== undefined
  const signal = signalOf(checkOptions(named ? given : (kind ?? given)))
  const name = named ? toCoreName(kind) : undefined
  try {
    return new EventStream(from.events(name), host, signal)
  } catch (error) {
    throw errorFromNative(error)
  }
}

/**
 * Joined project. It stays joined across interruptions, until you leave it or the client is closed, or the server
 * withdraws access or permanently refuses a rejoin.
 */
export class Project {
  readonly #native: native.Project
  readonly #host: StreamHost

  /** @internal */
  constructor(project: native.Project, host: StreamHost) {
    this.#native = project
    this.#host = host
  }

  /** Id of the project. */
  get id(): string {
    return this.#native.id
  }

  /**
   * Cursor of the project's slowest stream. Streams of one kind of event count only if there is no stream of all
   * events. The cursor stays before any loss that a replay could still repair. Without a stream, it is the last known
   * position.
   *
   * To resume later, even in another process, store the cursor and pass it to `join(…, { after })`. The cursor is
   * `null` on servers without an event log.
   */
  get cursor(): string | null {
    for (const stream of this.#host.streams) stream.deref()?.reportDelivered()
    return this.#native.cursor
  }

  /**
   * Returns a stream of the project's events, or of one kind of event. The stream also yields system notifications,
   * server errors and malformed events that name no project.
   *
   * The project's first stream starts at the join, or after the cursor passed to `join`. Later streams start when they
   * are created. Aborting the signal ends the stream, and the loop over the stream throws the signal's reason.
   */
  events(options?: Abortable): EventStream
  events<Name extends EventName>(kind: Name, options?: Abortable): EventStream<EventByName[Name]>
  events(kind?: EventName | Abortable, options?: Abortable): EventStream<Event> {
    return openStream(this.#native, this.#host, kind, options)
  }

  /**
   * Fetches the project's statistics, rules and review queue, all as of the same position in its event log. To receive
   * the later events, leave the project and pass the snapshot's cursor to `join(…, { after })`, or use another client.
   * Rejects with `api` and the status 404 on servers without snapshots.
   */
  async snapshot(given?: Abortable): Promise<Snapshot> {
    return callForJson((queue, id) => this.#native.snapshot(queue, id), signalOf(checkOptions(given)))
  }

  /**
   * Opens a view of the project's counters, rules and review queue that follows the project's events. Rejects with `api`
   * and the status 404 on servers without snapshots.
   */
  async liveView(given?: Abortable): Promise<LiveView> {
    const done = await awaitCall((queue, id) => this.#native.liveView(queue, id), signalOf(checkOptions(given)))
    return new LiveView(done.liveView as native.LiveView, this.#host)
  }

  /** Leaves the project. Its streams yield their buffered events and then end. */
  async leave(given?: Abortable): Promise<void> {
    await awaitCall((queue, id) => this.#native.leave(queue, id), signalOf(checkOptions(given)))
  }

  /** Calls `leave`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave()
  }

  /** @internal Returns the text that `console.log` shows. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Project ${inspect({ id: this.id, cursor: this.cursor }, options)}`
  }
}

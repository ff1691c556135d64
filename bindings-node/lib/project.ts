/** A joined project. */

import { type InspectOptions, inspect } from 'node:util'
import type * as native from '../native/index.js'
import { options, signalOf } from './arguments.js'
import { fromNative } from './errors.js'
import type { Event, EventByName, EventName } from './events.js'
import { coreKind } from './kinds.js'
import { call } from './port.js'
import { type Abortable, EventStream, type StreamHost } from './stream.js'

/** Opens a stream: of all events or of one kind, with or without a signal. */
export function open(
  from: { events(kind?: string): native.Stream },
  host: StreamHost,
  kind: EventName | Abortable | undefined,
  given: Abortable | undefined,
): EventStream {
  const named = typeof kind !== 'object' && kind !== undefined
  const signal = signalOf(options(named ? given : (kind ?? given)))
  const name = named ? coreKind(kind) : undefined
  try {
    return new EventStream(from.events(name), host, signal)
  } catch (error) {
    throw fromNative(error)
  }
}

/** A joined project. It stays joined across interruptions, until it is left. */
export class Project {
  readonly #native: native.Project
  readonly #host: StreamHost

  /** @internal */
  constructor(project: native.Project, host: StreamHost) {
    this.#native = project
    this.#host = host
  }

  /** The project's id. */
  get id(): string {
    return this.#native.id
  }

  /**
   * The position of the project's slowest reader: it has received every event before the cursor.
   *
   * Store it, and pass it to `join(…, { after })` to resume later, also in another process. `null` on servers without
   * an event log.
   */
  get cursor(): string | null {
    for (const stream of this.#host.streams) stream.deref()?.commit()
    return this.#native.cursor
  }

  /**
   * The project's events, or one kind of them.
   *
   * The first stream begins at the join (or after the cursor `after`), later ones when they are created. Aborting the
   * signal ends the stream: its loop throws the signal's reason.
   */
  events(options?: Abortable): EventStream
  events<Name extends EventName>(kind: Name, options?: Abortable): EventStream<EventByName[Name]>
  events(kind?: EventName | Abortable, options?: Abortable): EventStream<Event> {
    return open(this.#native, this.#host, kind, options)
  }

  /** Leaves the project. Its streams end at once, after the events in their buffers. */
  async leave(given?: Abortable): Promise<void> {
    await call((port, id) => this.#native.leave(port, id), signalOf(options(given)))
  }

  /** Leaves the project, at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave()
  }

  /** @internal The value that `console.log` shows. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Project ${inspect({ id: this.id, cursor: this.cursor }, options)}`
  }
}

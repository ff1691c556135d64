/** The listeners of a client, and the stream that feeds them. */

import type * as native from '../native/index.js'
import { text } from './arguments.js'
import { type AutoModerateError, invalid } from './errors.js'
import type { Event, EventByName } from './events.js'
import { keepAlive } from './keepalive.js'
import { isEventName } from './kinds.js'
import { Listeners } from './listeners.js'
import { watch } from './port.js'
import { type StateJson, stateInfo } from './states.js'
import { EventStream, type StreamHost } from './stream.js'
import type { State, StateInfo } from './values.js'

/** The arguments of listeners. */
export type HandlerArguments = { [Name in keyof EventByName]: [event: EventByName[Name]] } & {
  /** Every event. */
  event: [event: Event]
  /** A change of the client's state. */
  state: [state: State, info: StateInfo]
  /** The error that ended the client. (The server's own `error` event is `serverError`.) */
  error: [error: AutoModerateError]
  /** An exception of another listener. */
  listenerError: [error: unknown]
}

type Listener = Parameters<Listeners['add']>[1]

const OTHERS = new Set(['event', 'state', 'error'])

/** Handlers that wait for the last state, which must not be collected. */
const ending = new Set<object>()

export class Handlers {
  readonly #native: native.Client
  readonly #host: StreamHost
  readonly #listeners = new Listeners((error) => {
    if (!this.#errors.call('listenerError', error)) warn(error)
  })
  readonly #errors = new Listeners(warn)
  #stream: EventStream | undefined
  #statesWatched = false
  #over = false
  #release: (() => void) | undefined

  constructor(client: native.Client, host: StreamHost) {
    this.#native = client
    this.#host = host
  }

  add(name: string, listener: Listener, once: boolean): void {
    this.#of(name).add(name, listener, once)
    if (name === 'state') this.#watchStates()
    if (this.#wanted()) this.#read()
  }

  remove(name: string, listener: Listener): void {
    this.#of(name).remove(name, listener)
    this.#rest()
  }

  clear(name?: string): void {
    for (const list of name === undefined ? [this.#listeners, this.#errors] : [this.#of(name)]) list.clear(name)
    this.#rest()
  }

  count(name: string): number {
    return this.#of(name).count(name)
  }

  #of(name: string): Listeners {
    if (text('name', name) === 'listenerError') return this.#errors
    if (isEventName(name) || OTHERS.has(name)) return this.#listeners
    throw invalid('name', `unknown event ${JSON.stringify(name)}`)
  }

  #wanted(): boolean {
    return this.#listeners.names().some((name) => name === 'event' || isEventName(name))
  }

  /** Ends the stream when nobody listens any more. */
  #rest(): void {
    if (this.#wanted()) return
    this.#stream?.close()
    this.#stream = undefined
  }

  #read(): void {
    if (this.#stream) return
    const stream = new EventStream(this.#native.events(), this.#host)
    this.#stream = stream
    this.#feed(stream).catch((error) => {
      // The state reports it as well; without any listener it becomes a warning.
      const heard = this.#listeners.call('error', error)
      if (this.#listeners.count('state') > 0) this.#awaitEnd()
      else if (!heard) process.emitWarning(error)
    })
  }

  async #feed(stream: EventStream): Promise<void> {
    for await (const event of stream) {
      this.#listeners.call(event.event, event)
      this.#listeners.call('event', event)
      if (this.#stream !== stream) return
      // A one-time listener may have been the last.
      this.#rest()
    }
  }

  #watchStates(): void {
    if (this.#statesWatched) return
    this.#statesWatched = true
    follow(this.#native.stateChanges(), new WeakRef(this))
  }

  changed(info: StateInfo): void {
    this.#listeners.call('state', info.state, info)
  }

  /** Keeps the process and this object alive until the last state has been reported, which follows at once. */
  #awaitEnd(): void {
    if (this.#over) return
    this.#release ??= keepAlive()
    ending.add(this)
  }

  /** All changes of the state have been reported. */
  over(): void {
    this.#over = true
    this.#release?.()
    ending.delete(this)
  }
}

/** A failing listener does not end the process, but causes a warning. */
function warn(error: unknown): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.emitWarning(`a listener failed: ${reason}`, 'AutoModerateListenerWarning')
}

/** Passes on the changes of the state. Keeps neither the client nor the event loop alive. */
function follow(states: native.States, handlers: WeakRef<Handlers>): void {
  let present = true
  const next = (): void => {
    watch(
      (port, id) => states.next(port, id),
      (done) => {
        const state: StateJson | null = JSON.parse(done.value ?? 'null')
        if (state === null) return handlers.deref()?.over()
        // The first is the current state, which is not a change.
        if (!present) handlers.deref()?.changed(stateInfo(state))
        present = false
        next()
      },
    )
  }
  next()
}

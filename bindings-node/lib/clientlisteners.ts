/** Event listeners of a client, and the stream that supplies their events. */

import type * as native from '../native/index.js'
import { checkString } from './arguments.js'
import { startCall } from './completions.js'
import { type AutoModerateError, invalidArgument } from './errors.js'
import type { Event, EventByName } from './events.js'
import { keepAlive } from './keepalive.js'
import { isEventName } from './kinds.js'
import { Listeners } from './listeners.js'
import { type StateJson, toStateInfo } from './states.js'
import { EventStream, type StreamHost } from './stream.js'
import type { State, StateInfo } from './values.js'

/** Arguments that listeners receive, by listener name. */
export type HandlerArguments = { [Name in keyof EventByName]: [event: EventByName[Name]] } & {
  /** Called with every event. */
  event: [event: Event]
  /** Called with the new state after every change. */
  state: [state: State, info: StateInfo]
  /**
   * Called with the error that ended the client or, with `overflow: 'close'`, the stream that supplies the listeners.
   * Not called unless there is a listener for events. The server's own `error` event is named `serverError`.
   */
  error: [error: AutoModerateError]
  /** Called with an error that another listener threw, or with which a promise that it returned was rejected. */
  listenerError: [error: unknown]
}

type Listener = Parameters<Listeners['add']>[1]

const NAMES_BESIDES_KINDS = new Set(['event', 'state', 'error'])

/** `ClientListeners` objects that must not be garbage-collected until they have reported the final state. */
const keptAliveListeners = new Set<object>()

export class ClientListeners {
  readonly #native: native.Client
  readonly #host: StreamHost
  readonly #listeners = new Listeners((error) => {
    if (!this.#errorListeners.callAll('listenerError', error)) emitListenerWarning(error)
  })
  readonly #errorListeners = new Listeners(emitListenerWarning)
  #stream: EventStream | undefined
  #isWatchingStates = false
  #hasEnded = false
  #releaseEventLoop: (() => void) | undefined

  constructor(client: native.Client, host: StreamHost) {
    this.#native = client
    this.#host = host
  }

  add(name: string, listener: Listener, once: boolean): void {
    this.#listenersFor(name).add(name, listener, once)
    if (name === 'state') this.#watchStates()
    if (this.#hasEventListeners()) this.#openStream()
  }

  remove(name: string, listener: Listener): void {
    this.#listenersFor(name).remove(name, listener)
    this.#closeUnusedStream()
  }

  clear(name?: string): void {
    const cleared = name === undefined ? [this.#listeners, this.#errorListeners] : [this.#listenersFor(name)]
    for (const listeners of cleared) listeners.clear(name)
    this.#closeUnusedStream()
  }

  count(name: string): number {
    return this.#listenersFor(name).count(name)
  }

  #listenersFor(name: string): Listeners {
    if (checkString('name', name) === 'listenerError') return this.#errorListeners
    if (isEventName(name) || NAMES_BESIDES_KINDS.has(name)) return this.#listeners
    throw invalidArgument('name', `unknown event ${JSON.stringify(name)}`)
  }

  #hasEventListeners(): boolean {
    return this.#listeners.names().some((name) => name === 'event' || isEventName(name))
  }

  /** Closes the stream if no listener for events is left. */
  #closeUnusedStream(): void {
    if (this.#hasEventListeners()) return
    this.#stream?.close()
    this.#stream = undefined
  }

  #openStream(): void {
    if (this.#stream) return
    const stream = new EventStream(this.#native.events(), this.#host)
    this.#stream = stream
    this.#dispatch(stream).catch((error) => {
      // If the client has ended, the state listeners receive this error as the cause of `closed`. If there are neither
      // error listeners nor state listeners, the error becomes a warning.
      const hasErrorListener = this.#listeners.callAll('error', error)
      if (this.#listeners.count('state') > 0) this.#keepAliveUntilEnd()
      else if (!hasErrorListener) process.emitWarning(error)
    })
  }

  async #dispatch(stream: EventStream): Promise<void> {
    for await (const event of stream) {
      this.#listeners.callAll(event.event, event)
      this.#listeners.callAll('event', event)
      if (this.#stream !== stream) return
      // If the last listener was a one-time listener, calling it has removed it.
      this.#closeUnusedStream()
    }
  }

  #watchStates(): void {
    if (this.#isWatchingStates) return
    this.#isWatchingStates = true
    forwardStates(this.#native.stateChanges(), new WeakRef(this))
  }

  stateChanged(info: StateInfo): void {
    this.#listeners.callAll('state', info.state, info)
  }

  /**
   * Keeps the process and this object alive until the final state has been reported. The stream normally ends only with
   * the client, so the report follows immediately.
   */
  #keepAliveUntilEnd(): void {
    if (this.#hasEnded) return
    this.#releaseEventLoop ??= keepAlive()
    keptAliveListeners.add(this)
  }

  /** Releases the process after the final state has been reported. */
  statesEnded(): void {
    this.#hasEnded = true
    this.#releaseEventLoop?.()
    keptAliveListeners.delete(this)
  }
}

/** Emits a process warning about a listener's exception, because the exception must not end the process. */
function emitListenerWarning(error: unknown): void {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.emitWarning(`a listener failed: ${reason}`, 'AutoModerateListenerWarning')
}

/** Passes state changes on to the listeners. Keeps neither the client nor the event loop alive. */
function forwardStates(states: native.States, listeners: WeakRef<ClientListeners>): void {
  let isInitial = true
  const awaitNextState = (): void => {
    startCall(
      (queue, id) => states.next(queue, id),
      (done) => {
        const state: StateJson | null = JSON.parse(done.value ?? 'null')
        if (state === null) return listeners.deref()?.statesEnded()
        // The first report is the current state, which is not a change.
        if (!isInitial) listeners.deref()?.stateChanged(toStateInfo(state))
        isInitial = false
        awaitNextState()
      },
    )
  }
  awaitNextState()
}

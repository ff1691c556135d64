/**
 * Test server for programs that use this package: `import { Server } from 'automoderate/testing'`.
 *
 * @module automoderate/testing
 */

import * as native from '../native/index.js'
import {
  checkBoolean,
  checkCount,
  checkDuration,
  checkObject,
  checkOptions,
  checkString,
  signalOf,
  toJson,
} from './arguments.js'
import { callForJson } from './completions.js'
import { errorFromNative } from './errors.js'
import type { Abortable } from './stream.js'

/** Options of a test server. */
export interface ServerOptions {
  /**
   * True if the server keeps an event log. Without a log, the server behaves like deployed servers: events have no ids,
   * and missed decisions can be recovered only over REST. Timestamps do not end in `Z`, refusals of joins have no code,
   * and unknown events are never acknowledged. Default `true`.
   */
  eventLog?: boolean
}

/** Options of `joined` and `connected`. */
export interface WaitOptions extends Abortable {
  /** Number of connections to wait for. Default 1. */
  connections?: number
  /** Time in milliseconds after which the call rejects with a `TimeoutError`. Default 10,000. */
  timeout?: number
}

/** Custom event or `heartbeat` emitted by a client. */
export interface EmittedEvent {
  /** Name of the event. */
  name: string
  /** Data of the event; `null` if the client sent no data. */
  data: unknown
}

function checkWaitOptions(given: WaitOptions | undefined): [number, number, AbortSignal | undefined] {
  const { connections = 1, timeout = 10_000, ...rest } = checkOptions(given, 'connections', 'timeout')
  return [checkCount('connections', connections, 0), checkDuration('timeout', timeout), signalOf(rest)]
}

function throwIfTimedOut(done: boolean, what: string): void {
  if (!done) throw new DOMException(`${what} in time`, 'TimeoutError')
}

/**
 * Test server on a free port of 127.0.0.1. It publishes events and simulates failures on request.
 *
 * By default, the server speaks the reference server's protocol, but only over WebSocket. It accepts any credentials
 * and approves every submission that is not blank. A project exists as soon as its id is used. REST calls return
 * submitted items, items of published `moderation_update` events, and items added with `store`. An API key that equals
 * a project's id belongs to that project; any other key belongs to the first project used. The server does not keep
 * the process running. It stops when `close()` is called or the object is garbage-collected.
 */
export class Server {
  readonly #native: native.TestServer

  constructor(given?: ServerOptions) {
    const { eventLog = true } = checkOptions<ServerOptions>(given, 'eventLog')
    try {
      this.#native = new native.TestServer(checkBoolean('eventLog', eventLog))
    } catch (error) {
      throw errorFromNative(error)
    }
  }

  /** URL for clients, `http://127.0.0.1:…`. */
  get url(): string {
    return this.#native.url
  }

  /**
   * Publishes an event to all clients that have joined the project. A server with an event log also logs the event for
   * disconnected clients, unless it is a `stats_update`. Adds `project_id` and, if the event is logged, `event_id` to
   * the data. Returns the event's id, or `null` if the event is not logged.
   */
  publish(project: string, name: string, data: object): number | null {
    const written = toJson('data', checkObject('data', data))
    return this.#native.publish(checkString('project', project), checkString('name', name), written) ?? null
  }

  /**
   * Sets fields of the item with this `id` in REST responses, and creates the item if necessary. No event is published,
   * as when a deployed server stores a review.
   */
  store(project: string, content: { id: string; [field: string]: unknown }): void {
    const written = toJson('content', checkObject('content', content))
    checkString('content.id', content.id)
    this.#native.store(checkString('project', project), written)
  }

  /** Cuts all connections without notice. Clients may reconnect at once. */
  cut(): void {
    this.#native.cut()
  }

  /**
   * Takes the server offline or brings it back online. Going offline cuts all connections. While the server is offline,
   * it closes new connections without a response.
   */
  setOffline(offline: boolean): void {
    this.#native.setOffline(checkBoolean('offline', offline))
  }

  /** Sets whether the server performs later REST calls without answering them. */
  setSilent(silent: boolean): void {
    this.#native.setSilent(checkBoolean('silent', silent))
  }

  /**
   * Sets whether later connections, and REST calls other than `health`, are refused with `authentication_failed`.
   * Without an event log, the server accepts connections, but refuses their joins.
   */
  refuseCredentials(refuse = true): void {
    this.#native.refuseCredentials(checkBoolean('refuse', refuse))
  }

  /** Refuses joins of this project with a code such as `project_not_found`. `null` allows joins again. */
  refuseJoins(project: string, code: string | null = 'access_denied'): void {
    this.#native.refuseJoins(checkString('project', project), code === null ? null : checkString('code', code))
  }

  /** Empties the project's log. Clients that missed events then receive a `gap` with the reason `expired`. */
  forget(project: string): void {
    this.#native.forget(checkString('project', project))
  }

  /** Waits until exactly `connections` connections have joined the project. */
  async joined(project: string, given?: WaitOptions): Promise<void> {
    const [connections, timeout, signal] = checkWaitOptions(given)
    const name = checkString('project', project)
    const wait = (queue: native.CompletionQueue, id: number) =>
      this.#native.joined(queue, id, name, connections, timeout)
    throwIfTimedOut(await callForJson<boolean>(wait, signal), `${connections} connections have not joined ${name}`)
  }

  /** Waits until exactly `connections` connections are open. */
  async connected(given?: WaitOptions): Promise<void> {
    const [connections, timeout, signal] = checkWaitOptions(given)
    const wait = (queue: native.CompletionQueue, id: number) => this.#native.connected(queue, id, connections, timeout)
    throwIfTimedOut(await callForJson<boolean>(wait, signal), `${connections} connections are not open`)
  }

  /** Returns the first 10,000 custom events and heartbeats that clients have emitted. */
  received(): EmittedEvent[] {
    return JSON.parse(this.#native.received())
  }

  /** Takes the server offline, as `setOffline(true)` does. */
  close(): void {
    this.#native.setOffline(true)
  }

  /** Calls `close`, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

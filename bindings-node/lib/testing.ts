/**
 * A server for tests of programs that use this package: `import { Server } from 'automoderate/testing'`.
 *
 * @module automoderate/testing
 */

import * as native from '../native/index.js'
import { count, duration, flag, json, object, options, signalOf, text } from './arguments.js'
import { fromNative } from './errors.js'
import { ask } from './port.js'
import type { Abortable } from './stream.js'

/** The options of a server. */
export interface ServerOptions {
  /**
   * `false`: it behaves like deployed servers. Events have no ids, and only REST can recover missed decisions.
   * Timestamps have no `Z`, refusals have no code, and events without a handler are never acknowledged. Default `true`.
   */
  eventLog?: boolean
}

/** Options of a wait. */
export interface Waiting extends Abortable {
  /** The number of connections to wait for. Default 1. */
  connections?: number
  /** The milliseconds after which the call rejects with a `TimeoutError`. Default 10,000. */
  timeout?: number
}

/** An event that a client emitted. */
export interface Emitted {
  /** Its name. */
  name: string
  /** Its data; `null` if there was none. */
  data: unknown
}

function waiting(given: Waiting | undefined): [number, number, AbortSignal | undefined] {
  const { connections = 1, timeout = 10_000, ...rest } = options(given, 'connections', 'timeout')
  return [count('connections', connections, 0), duration('timeout', timeout), signalOf(rest)]
}

function inTime(done: boolean, what: string): void {
  if (!done) throw new DOMException(`${what} in time`, 'TimeoutError')
}

/**
 * A server on a free port of 127.0.0.1 that does what the test says: it sends events, and causes failures.
 *
 * It speaks the reference server's protocol, over WebSocket. It accepts any credentials and approves every submission.
 * Projects exist as soon as they are named. REST lists, looks up and counts the items of published `moderation_update`
 * events, submitted items, and items added with `store`. An API key that equals a project's id is valid for that
 * project; any other key is valid for the project that was named first. It does not keep the process running, and ends
 * with `close()`.
 */
export class Server {
  readonly #native: native.TestServer

  constructor(given?: ServerOptions) {
    const { eventLog = true } = options<ServerOptions>(given, 'eventLog')
    try {
      this.#native = new native.TestServer(flag('eventLog', eventLog))
    } catch (error) {
      throw fromNative(error)
    }
  }

  /** The address for clients, `http://127.0.0.1:…`. */
  get url(): string {
    return this.#native.url
  }

  /**
   * Publishes an event to all clients in the project, and logs it for clients that are away. Adds `project_id` and
   * `event_id` to the data. Returns the id; `null` for a `stats_update`, which is not logged, and on a server without
   * an event log.
   */
  publish(project: string, name: string, data: object): number | null {
    const written = json('data', object('data', data))
    return this.#native.publish(text('project', project), text('name', name), written) ?? null
  }

  /**
   * Sets fields of the item with this `id`, as REST lists it, and adds the item if it is new. No event is published;
   * deployed servers store reviews this way.
   */
  store(project: string, content: { id: string; [field: string]: unknown }): void {
    const written = json('content', object('content', content))
    text('content.id', content.id)
    this.#native.store(text('project', project), written)
  }

  /** Ends all connections without notice. Clients may reconnect at once. */
  cut(): void {
    this.#native.cut()
  }

  /** Goes offline: existing connections end, and new ones get no answer. Or comes back. */
  setOffline(offline: boolean): void {
    this.#native.setOffline(flag('offline', offline))
  }

  /** Performs REST calls without answering them, from the next one on; or answers them again. */
  setSilent(silent: boolean): void {
    this.#native.setSilent(flag('silent', silent))
  }

  /** Refuses connections and REST calls with `authentication_failed`, from the next one on; or stops refusing them. */
  refuseCredentials(refuse = true): void {
    this.#native.refuseCredentials(flag('refuse', refuse))
  }

  /** Refuses joins of this project, with a code such as `project_not_found`; `null` allows them again. */
  refuseJoins(project: string, code: string | null = 'access_denied'): void {
    this.#native.refuseJoins(text('project', project), code === null ? null : text('code', code))
  }

  /** Empties the project's log: clients that were away receive a `gap` (`expired`). */
  forget(project: string): void {
    this.#native.forget(text('project', project))
  }

  /** Waits until this many connections have joined the project. */
  async joined(project: string, given?: Waiting): Promise<void> {
    const [connections, timeout, signal] = waiting(given)
    const name = text('project', project)
    const wait = (port: native.Port, id: number) => this.#native.joined(port, id, name, connections, timeout)
    inTime(await ask<boolean>(wait, signal), `${connections} connections have not joined ${name}`)
  }

  /** Waits until this many connections are open. */
  async connected(given?: Waiting): Promise<void> {
    const [connections, timeout, signal] = waiting(given)
    const wait = (port: native.Port, id: number) => this.#native.connected(port, id, connections, timeout)
    inTime(await ask<boolean>(wait, signal), `${connections} connections are not open`)
  }

  /** The custom events that clients have emitted, the first 10,000. */
  received(): Emitted[] {
    return JSON.parse(this.#native.received())
  }

  /** Stops the server for good. */
  close(): void {
    this.#native.setOffline(true)
  }

  /** Stops the server, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

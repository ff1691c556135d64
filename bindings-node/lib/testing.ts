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

/** What a server is like. */
export interface ServerOptions {
  /**
   * `false`: it is as deployed servers are. Events have no ids, and what was missed can only be made up for by REST.
   * Timestamps have no `Z`, refusals no code, and events without a handler are never acknowledged. Default `true`.
   */
  eventLog?: boolean
}

/** How to wait. */
export interface Waiting extends Abortable {
  /** How many connections are waited for; 1. */
  connections?: number
  /** Milliseconds, after which the call rejects with a `TimeoutError`; 10,000. */
  timeout?: number
}

/** An event that a client has emitted. */
export interface Emitted {
  /** The name that it was emitted under. */
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
 * A server on a free port of 127.0.0.1, with everything that a client can be told, and can suffer, at the test's word.
 *
 * It speaks what the reference server speaks, over WebSocket; it checks no credentials, and approves all that is
 * submitted. Projects exist as soon as they are named. REST lists, looks up and counts the contents of each published
 * `moderation_update`, those that were submitted, and those of `store`. An API key that is a project's id is for that
 * project; any other is for the project that was named first. It does not keep the process running, and ends with
 * `close()`.
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
   * Publishes an event to everybody who has joined the project, and logs it for those who are away. `project_id` and
   * `event_id` are added to the data. Returns the id; `null` for a `stats_update`, which is not logged, and on a server
   * without an event log.
   */
  publish(project: string, name: string, data: object): number | null {
    const written = json('data', object('data', data))
    return this.#native.publish(text('project', project), text('name', name), written) ?? null
  }

  /**
   * Sets fields of the content with this `id`, as REST lists it, and adds it if it is new. No event is published: so
   * deployed servers keep a review.
   */
  store(project: string, content: { id: string; [field: string]: unknown }): void {
    const written = json('content', object('content', content))
    text('content.id', content.id)
    this.#native.store(text('project', project), written)
  }

  /** Ends all connections, without a word. Clients may come back at once. */
  cut(): void {
    this.#native.cut()
  }

  /** Is away: present connections end, new ones get no answer; or is back. */
  setOffline(offline: boolean): void {
    this.#native.setOffline(flag('offline', offline))
  }

  /** Carries out REST calls without answering them, from the next one on; or answers them again. */
  setSilent(silent: boolean): void {
    this.#native.setSilent(flag('silent', silent))
  }

  /** Refuses connections and REST calls with `authentication_failed`, from the next one on; or no more. */
  refuseCredentials(refuse = true): void {
    this.#native.refuseCredentials(flag('refuse', refuse))
  }

  /** Lets nobody join this project, with a code such as `project_not_found`; with `null`, lets them again. */
  refuseJoins(project: string, code: string | null = 'access_denied'): void {
    this.#native.refuseJoins(text('project', project), code === null ? null : text('code', code))
  }

  /** Forgets what the project's log holds: who was away is told of a `gap` (`expired`). */
  forget(project: string): void {
    this.#native.forget(text('project', project))
  }

  /** Waits until so many connections have joined the project. */
  async joined(project: string, given?: Waiting): Promise<void> {
    const [connections, timeout, signal] = waiting(given)
    const name = text('project', project)
    const wait = (port: native.Port, id: number) => this.#native.joined(port, id, name, connections, timeout)
    inTime(await ask<boolean>(wait, signal), `${connections} connections have not joined ${name}`)
  }

  /** Waits until so many connections are open. */
  async connected(given?: Waiting): Promise<void> {
    const [connections, timeout, signal] = waiting(given)
    const wait = (port: native.Port, id: number) => this.#native.connected(port, id, connections, timeout)
    inTime(await ask<boolean>(wait, signal), `${connections} connections are not open`)
  }

  /** The events that clients have emitted on their own, the first 10,000. */
  received(): Emitted[] {
    return JSON.parse(this.#native.received())
  }

  /** Goes away for good. */
  close(): void {
    this.#native.setOffline(true)
  }

  /** Goes away, at the end of a `using`. */
  [Symbol.dispose](): void {
    this.close()
  }
}

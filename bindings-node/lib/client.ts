/** The client. */

import { type InspectOptions, inspect } from 'node:util'
import * as native from '../native/index.js'
import { callback, count, json, object, options, signalOf, text } from './arguments.js'
import { Contents } from './contents.js'
import { serve } from './credentials.js'
import { fromNative, invalid } from './errors.js'
import type { Event, EventByName, EventName, Status } from './events.js'
import { type HandlerArguments, Handlers } from './handlers.js'
import { type ClientOptions, written } from './options.js'
import { ask, call } from './port.js'
import { open, Project } from './project.js'
import { type StateJson, stateInfo } from './states.js'
import type { Abortable, EventStream, StreamHost } from './stream.js'
import type { Content, ContentPage, Health, Metrics, Moderation, State, StateInfo, Statistics } from './values.js'

/** The items to list. */
export interface ContentFilter extends Abortable {
  /** Only items with this decision. */
  status?: Status
  /** The number of items per page; servers have their own default and limit. */
  perPage?: number
}

/** The options of a submission. */
export interface Submission extends Abortable {
  /** The content's type. Default `text`. */
  type?: string
  /** Any data to store with it; its `user_id` tracks the user. */
  metadata?: unknown
  /**
   * A name for this submission, 1 to 255 visible ASCII characters. A server that supports these keys treats a call
   * repeated with the same key within 24 hours as the same submission. The default is a random key for each call.
   */
  idempotencyKey?: string
}

/**
 * A self-healing connection to an AutoModerate server.
 *
 * ```js
 * const client = await Client.connect('http://localhost:6217', { apiKey: 'am_…' })
 * const project = await client.join('proj_1')
 * for await (const event of project.events()) {
 *   if (event.event === 'moderation_update') console.log(event.content_id, event.status)
 *   if (event.event === 'gap') console.log('events are missing:', event.reason)
 * }
 * ```
 *
 * A process may end without `close`. Pending calls keep it running; so do awaited streams and event listeners, unless
 * the option `ref` is false.
 */
export class Client {
  readonly #native: native.Client
  readonly #host: StreamHost & { ref: boolean } = { ref: true, streams: new Set() }
  readonly #handlers: Handlers
  #connected: Promise<void> | undefined

  /**
   * Creates a client without connecting it, so that listeners can be added first. Throws a `TypeError` for an invalid
   * option.
   */
  constructor(url: string | URL, options: ClientOptions = {}) {
    const json = written(url, options)
    this.#host.ref = options.ref ?? true
    try {
      this.#native = new native.Client(json, options.credentials !== undefined)
    } catch (error) {
      throw fromNative(error)
    }
    const requests = this.#native.credentialRequests()
    if (requests && options.credentials) serve(requests, options.credentials)
    this.#handlers = new Handlers(this.#native, this.#host)
  }

  /** Creates a client and connects it. Aborting the signal closes it. */
  static async connect(url: string | URL, options: ClientOptions & Abortable = {}): Promise<Client> {
    const { signal, ...rest } = object('options', options) as ClientOptions & Abortable
    const client = new Client(url, rest)
    await client.connect({ signal })
    return client
  }

  /**
   * Connects, unless the client is connected. Resolves once the server has acknowledged the connection; otherwise
   * rejects with `authentication_failed`, `rate_limited`, `connect_timeout` or `connect_failed`, and the client is
   * closed. A closed client stays closed: the call rejects with the reason.
   */
  async connect(given?: Abortable): Promise<this> {
    const signal = signalOf(options(given))
    this.#connected ??= this.#connect(signal)
    await this.#connected
    if (this.state === 'closed') await call((port, id) => this.#native.connect(port, id))
    return this
  }

  async #connect(signal: AbortSignal | undefined): Promise<void> {
    try {
      await call((port, id) => this.#native.connect(port, id), signal)
    } catch (error) {
      if (signal?.aborted) this.close().catch(() => {})
      throw error
    }
  }

  /**
   * Joins a project. Resolves once the server has confirmed it. An aborted join may still take effect.
   *
   * `after`: a cursor or `event_id` to resume after. The first stream starts with the events after it, or with a `gap`
   * for those that are no longer available.
   */
  async join(project: string, given?: Abortable & { after?: string | number | null }): Promise<Project> {
    const id = text('project', project)
    const { after, ...rest } = options(given, 'after')
    const cursor = cursorText(after)
    const done = await call((port, number) => this.#native.join(port, number, id, cursor), signalOf(rest))
    return new Project(done.project as native.Project, this.#host)
  }

  /** The events of all projects and those without a project, or only one kind. The stream starts now. */
  events(options?: Abortable): EventStream
  events<Name extends EventName>(kind: Name, options?: Abortable): EventStream<EventByName[Name]>
  events(kind?: EventName | Abortable, options?: Abortable): EventStream<Event> {
    return open(this.#native, this.#host, kind, options)
  }

  /**
   * Calls a function with the events of a kind, from now on and in order; with every event for `event`; with changes of
   * the state for `state`. Its exceptions go to the listeners of `listenerError`, or become a warning of the process.
   */
  on<Name extends keyof HandlerArguments>(name: Name, listener: (...args: HandlerArguments[Name]) => unknown): this {
    this.#handlers.add(name, listener, false)
    return this
  }

  /** Like `on`, but only once. */
  once<Name extends keyof HandlerArguments>(name: Name, listener: (...args: HandlerArguments[Name]) => unknown): this {
    this.#handlers.add(name, listener, true)
    return this
  }

  /** Removes a listener. */
  off<Name extends keyof HandlerArguments>(name: Name, listener: (...args: HandlerArguments[Name]) => unknown): this {
    this.#handlers.remove(name, callback('listener', listener))
    return this
  }

  /** As `on`. */
  addListener<Name extends keyof HandlerArguments>(
    name: Name,
    listener: (...args: HandlerArguments[Name]) => unknown,
  ): this {
    return this.on(name, listener)
  }

  /** As `off`. */
  removeListener<Name extends keyof HandlerArguments>(
    name: Name,
    listener: (...args: HandlerArguments[Name]) => unknown,
  ): this {
    return this.off(name, listener)
  }

  /** Removes all listeners, or those of one name. */
  removeAllListeners(name?: keyof HandlerArguments): this {
    this.#handlers.clear(name)
    return this
  }

  /** The number of listeners. */
  listenerCount(name: keyof HandlerArguments): number {
    return this.#handlers.count(name)
  }

  /** The client's state. */
  get state(): State {
    return (JSON.parse(this.#native.state) as StateJson).state
  }

  /** The client's state, with the attempt, the pause and the cause. */
  get stateInfo(): StateInfo {
    return stateInfo(JSON.parse(this.#native.state) as StateJson)
  }

  /** The address that the client is connected to or tries next: `url`, or one of `fallbackUrls`. */
  get url(): string {
    return this.#native.url
  }

  /** The client's counters. */
  metrics(): Metrics {
    return this.#native.metrics()
  }

  /**
   * Tells the client that the network has changed: it ends a pause at once, or asks the server for a sign of life on an
   * open connection.
   */
  networkChanged(): void {
    this.#native.networkChanged()
  }

  /** Makes streams and listeners keep the process running from now on. */
  ref(): this {
    return this.#setRef(true)
  }

  /** Makes streams and listeners not keep the process running from now on. */
  unref(): this {
    return this.#setRef(false)
  }

  #setRef(ref: boolean): this {
    this.#host.ref = ref
    for (const stream of this.#host.streams) stream.deref()?.setRef(ref)
    return this
  }

  /**
   * Sends a custom event. Rejects with `disconnected` if there is no connection (the event is not kept for later), or
   * with `rate_limited` and `retryIn` if the limit per minute is used up.
   */
  async emit(name: string, data?: unknown, given?: Abortable): Promise<void> {
    const [event, written] = [text('name', name), json('data', data)]
    await call((port, id) => this.#native.emit(port, id, event, written), signalOf(options(given)))
  }

  /**
   * Sends a custom event and waits for its acknowledgement, at most `ackTimeout`. Resolves to the acknowledgement's
   * argument; `null` if it has none, an array if it has several.
   */
  async emitWithAck<Answer = unknown>(name: string, data?: unknown, given?: Abortable): Promise<Answer> {
    const [event, written] = [text('name', name), json('data', data)]
    return ask((port, id) => this.#native.emitWithAck(port, id, event, written), signalOf(options(given)))
  }

  /**
   * Submits content for a decision. If the server does not answer within `disconnected` or the connection is lost, the
   * outcome is unknown: the call rejects with `requestTimeout`, which is not retryable here.
   */
  async moderate(content: string, given?: Submission): Promise<Moderation> {
    const { type = 'text', metadata, idempotencyKey, ...rest } = options(given, 'type', 'metadata', 'idempotencyKey')
    const [kind, body] = [text('type', type), text('content', content)]
    const attached = metadata === undefined ? null : json('metadata', metadata)
    const key = idempotencyKey === undefined ? null : text('idempotencyKey', idempotencyKey)
    return ask((port, id) => this.#native.moderate(port, id, kind, body, attached, key), signalOf(rest))
  }

  /** Looks up an item. */
  async content(id: string, given?: Abortable): Promise<Content> {
    const wanted = text('id', id)
    return ask((port, number) => this.#native.content(port, number, wanted), signalOf(options(given)))
  }

  /**
   * The items, newest first, fetched page by page: `for await (const content of client.contents())`. Unreadable rows
   * are left out; `contentsPage` returns their errors.
   */
  contents(filter?: ContentFilter): Contents {
    const checked = filterOf(filter)
    return new Contents((page) => this.#page(page, checked))
  }

  /** One page of items, newest first; the first page is 1. */
  async contentsPage(page = 1, filter?: ContentFilter): Promise<ContentPage> {
    return this.#page(count('page', page), filterOf(filter))
  }

  #page(page: number, { status, perPage, signal }: ContentFilter): Promise<ContentPage> {
    return ask((port, id) => this.#native.contentsPage(port, id, page, perPage, status), signal)
  }

  /** The project's counters. */
  async statistics(given?: Abortable): Promise<Statistics> {
    return ask((port, id) => this.#native.statistics(port, id), signalOf(options(given)))
  }

  /** The server's health. Needs no credentials. */
  async health(given?: Abortable): Promise<Health> {
    return ask((port, id) => this.#native.health(port, id), signalOf(options(given)))
  }

  /** Disconnects within 2 s, and ends all streams after the events in their buffers. A second call does nothing. */
  async close(): Promise<void> {
    await call((port, id) => this.#native.close(port, id))
  }

  /** Closes, at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal The value that `console.log` shows. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Client ${inspect({ url: this.url, state: this.state }, options)}`
  }
}

/** A cursor: its text, or an event's id. */
function cursorText(after: unknown): string | undefined {
  if (after === undefined || after === null) return undefined
  if (typeof after === 'number') {
    if (!Number.isSafeInteger(after) || after < 0) throw invalid('after', `${after} is not an event id`)
    return String(after)
  }
  return text('after', after)
}

function filterOf(filter: ContentFilter | undefined): ContentFilter {
  const { status, perPage, ...rest } = options(filter, 'status', 'perPage')
  const signal = signalOf(rest)
  return {
    ...(status === undefined ? {} : { status: text('status', status) }),
    ...(perPage === undefined ? {} : { perPage: count('perPage', perPage) }),
    ...(signal === undefined ? {} : { signal }),
  }
}

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

/** What to list. */
export interface ContentFilter extends Abortable {
  /** Only contents with this decision. */
  status?: Status
  /** How many a page has; servers have a default and a limit of their own. */
  perPage?: number
}

/** What goes with content that is submitted. */
export interface Submission extends Abortable {
  /** What it is. Default `text`. */
  type?: string
  /** Anything to go with it; `user_id` in it tracks the user. */
  metadata?: unknown
  /**
   * The name of this submission, 1 to 255 visible ASCII characters. A server that knows such keys takes what is
   * submitted again by the same one, for 24 hours, for the same submission. Default: a random one for each call.
   */
  idempotencyKey?: string
}

/**
 * A connection to an AutoModerate server that mends itself.
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
 * A process may end without `close`: what keeps it running are calls under way, streams that are waited for and
 * listeners of events; the latter two unless the option `ref` is false.
 */
export class Client {
  readonly #native: native.Client
  readonly #host: StreamHost & { ref: boolean } = { ref: true, streams: new Set() }
  readonly #handlers: Handlers
  #connected: Promise<void> | undefined

  /** Makes a client without connecting it, so that listeners can be added before. Throws a `TypeError` for a bad option. */
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

  /** Makes a client and connects it. If the signal is aborted, it is closed. */
  static async connect(url: string | URL, options: ClientOptions & Abortable = {}): Promise<Client> {
    const { signal, ...rest } = object('options', options) as ClientOptions & Abortable
    const client = new Client(url, rest)
    await client.connect({ signal })
    return client
  }

  /**
   * Connects, unless that is done. Resolves when the server has acknowledged and refused nothing; otherwise rejects
   * with `authentication_failed`, `rate_limited`, `connect_timeout` or `connect_failed`, and the client is closed.
   * A client that is closed stays so: it rejects with the reason.
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
   * Joins a project. Resolves when the server has confirmed it. A join that is aborted may take effect all the same.
   *
   * `after`: a cursor, or an `event_id`, behind which to go on: the first stream starts with what came after it, or
   * with a `gap` that tells what can't be had any more.
   */
  async join(project: string, given?: Abortable & { after?: string | number | null }): Promise<Project> {
    const id = text('project', project)
    const { after, ...rest } = options(given, 'after')
    const cursor = cursorText(after)
    const done = await call((port, number) => this.#native.join(port, number, id, cursor), signalOf(rest))
    return new Project(done.project as native.Project, this.#host)
  }

  /** The events of all projects and those that belong to none, or those of one kind. The stream starts now. */
  events(options?: Abortable): EventStream
  events<Name extends EventName>(kind: Name, options?: Abortable): EventStream<EventByName[Name]>
  events(kind?: EventName | Abortable, options?: Abortable): EventStream<Event> {
    return open(this.#native, this.#host, kind, options)
  }

  /**
   * Has a function called with the events of a kind, from now on and in their order; with every event for `event`;
   * with changes of the state for `state`. What it throws is told to listeners of `listenerError`, or else as a
   * warning of the process.
   */
  on<Name extends keyof HandlerArguments>(name: Name, listener: (...args: HandlerArguments[Name]) => unknown): this {
    this.#handlers.add(name, listener, false)
    return this
  }

  /** As `on`, for one time. */
  once<Name extends keyof HandlerArguments>(name: Name, listener: (...args: HandlerArguments[Name]) => unknown): this {
    this.#handlers.add(name, listener, true)
    return this
  }

  /** Takes a listener away. */
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

  /** Takes all listeners away, or those of one name. */
  removeAllListeners(name?: keyof HandlerArguments): this {
    this.#handlers.clear(name)
    return this
  }

  /** How many listeners there are. */
  listenerCount(name: keyof HandlerArguments): number {
    return this.#handlers.count(name)
  }

  /** What the client is doing, as a word. */
  get state(): State {
    return (JSON.parse(this.#native.state) as StateJson).state
  }

  /** What the client is doing, with the attempt, the pause and the cause. */
  get stateInfo(): StateInfo {
    return stateInfo(JSON.parse(this.#native.state) as StateJson)
  }

  /** The address that the client is connected to, or tries next: `url`, or one of `fallbackUrls`. */
  get url(): string {
    return this.#native.url
  }

  /** What the client has counted. */
  metrics(): Metrics {
    return this.#native.metrics()
  }

  /**
   * Tells the client that the network has changed: it does not wait for a pause to end, and asks the server on an open
   * connection for a sign of life.
   */
  networkChanged(): void {
    this.#native.networkChanged()
  }

  /** From now on streams and listeners keep the process running. */
  ref(): this {
    return this.#setRef(true)
  }

  /** From now on streams and listeners don't keep the process running. */
  unref(): this {
    return this.#setRef(false)
  }

  #setRef(ref: boolean): this {
    this.#host.ref = ref
    for (const stream of this.#host.streams) stream.deref()?.holdOn(ref)
    return this
  }

  /**
   * Sends an event of your own. Rejects with `disconnected` if there is no connection: nothing is kept for later; with
   * `rate_limited`, and `retryIn`, when the limit per minute is used up.
   */
  async emit(name: string, data?: unknown, given?: Abortable): Promise<void> {
    const [event, written] = [text('name', name), json('data', data)]
    await call((port, id) => this.#native.emit(port, id, event, written), signalOf(options(given)))
  }

  /**
   * Sends an event of your own and waits for the acknowledgement, at most `ackTimeout`. Resolves to its argument;
   * `null` if it has none, an array if several.
   */
  async emitWithAck<Answer = unknown>(name: string, data?: unknown, given?: Abortable): Promise<Answer> {
    const [event, written] = [text('name', name), json('data', data)]
    return ask((port, id) => this.#native.emitWithAck(port, id, event, written), signalOf(options(given)))
  }

  /**
   * Submits content for a decision. Rejects with `disconnected`, which is not retryable here, if the server does not
   * answer within `requestTimeout` or the connection is lost: the outcome is unknown.
   */
  async moderate(content: string, given?: Submission): Promise<Moderation> {
    const { type = 'text', metadata, idempotencyKey, ...rest } = options(given, 'type', 'metadata', 'idempotencyKey')
    const [kind, body] = [text('type', type), text('content', content)]
    const attached = metadata === undefined ? null : json('metadata', metadata)
    const key = idempotencyKey === undefined ? null : text('idempotencyKey', idempotencyKey)
    return ask((port, id) => this.#native.moderate(port, id, kind, body, attached, key), signalOf(rest))
  }

  /** Looks up a piece of content. */
  async content(id: string, given?: Abortable): Promise<Content> {
    const wanted = text('id', id)
    return ask((port, number) => this.#native.content(port, number, wanted), signalOf(options(given)))
  }

  /**
   * The contents, newest first, fetched page by page: `for await (const content of client.contents())`. Rows that can't
   * be read are left out; `contentsPage` tells them.
   */
  contents(filter?: ContentFilter): Contents {
    const checked = filterOf(filter)
    return new Contents((page) => this.#page(page, checked))
  }

  /** One page of the contents, newest first; pages are counted from 1. */
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

  /** Whether the server is well. Needs no credentials. */
  async health(given?: Abortable): Promise<Health> {
    return ask((port, id) => this.#native.health(port, id), signalOf(options(given)))
  }

  /** Says goodbye, within 2 s, and ends all streams behind what they hold. A second time does nothing. */
  async close(): Promise<void> {
    await call((port, id) => this.#native.close(port, id))
  }

  /** Closes, at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal What `console.log` shows. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Client ${inspect({ url: this.url, state: this.state }, options)}`
  }
}

/** A cursor: its text, or an event's id. */
function cursorText(after: unknown): string | undefined {
  if (after === undefined || after === null) return undefined
  if (typeof after === 'number') {
    if (!Number.isSafeInteger(after) || after < 0) throw invalid('after', `${after} is no event id`)
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

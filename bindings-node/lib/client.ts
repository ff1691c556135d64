/** The `Client` class. */

import { type InspectOptions, inspect } from 'node:util'
import * as native from '../native/index.js'
import { checkCount, checkFunction, checkObject, checkOptions, checkString, signalOf, toJson } from './arguments.js'
import { ClientListeners, type HandlerArguments } from './clientlisteners.js'
import { awaitCall, callForJson } from './completions.js'
import { type ContentFilter, Contents, checkFilter } from './contents.js'
import { answerRequests } from './credentials.js'
import { type AutoModerateError, errorFromNative, invalidArgument } from './errors.js'
import type { Event, EventByName, EventName } from './events.js'
import { type ClientOptions, optionsToJson } from './options.js'
import { openStream, Project } from './project.js'
import { type StateJson, toStateInfo } from './states.js'
import type { Abortable, EventStream, StreamHost } from './stream.js'
import {
  type BatchItem,
  type BatchOptions,
  type BatchResult,
  checkBatch,
  checkSubmission,
  type Submission,
  toModerationOrError,
} from './submissions.js'
import type { Content, ContentPage, Health, Metrics, Moderation, State, StateInfo, Statistics } from './values.js'

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
 * Calling `close` before the process exits is optional. Pending calls keep the process running. So do awaited streams
 * and event listeners, unless the option `ref` is `false` or `unref` has been called.
 */
export class Client {
  readonly #native: native.Client
  readonly #host: StreamHost & { ref: boolean } = { ref: true, streams: new Set() }
  readonly #listeners: ClientListeners
  #connected: Promise<void> | undefined

  /**
   * Creates a client without connecting it, so that listeners can be added before the first event. Throws a `TypeError`
   * if an option is invalid.
   */
  constructor(url: string | URL, options: ClientOptions = {}) {
    const json = optionsToJson(url, options)
    this.#host.ref = options.ref ?? true
    try {
      this.#native = new native.Client(json, options.credentials !== undefined)
    } catch (error) {
      throw errorFromNative(error)
    }
    const requests = this.#native.credentialRequests()
    if (requests && options.credentials) answerRequests(requests, options.credentials)
    this.#listeners = new ClientListeners(this.#native, this.#host)
  }

  /** Creates a client and connects it. If the signal is aborted before the client has connected, closes the client. */
  static async connect(url: string | URL, options: ClientOptions & Abortable = {}): Promise<Client> {
    const { signal, ...rest } = checkObject('options', options) as ClientOptions & Abortable
    const client = new Client(url, rest)
    await client.connect({ signal })
    return client
  }

  /**
   * Connects, unless the client is already connected. Resolves once the server has acknowledged the connection. If the
   * first connection fails and is not retried, rejects with an error such as `authentication_failed`, `rate_limited`,
   * `connect_timeout` or `connect_failed`, and closes the client. Aborting the first call also closes the client. On a
   * closed client, rejects with the error that closed the client, or with `closed` if you closed it.
   */
  async connect(given?: Abortable): Promise<this> {
    const signal = signalOf(checkOptions(given))
    this.#connected ??= this.#connect(signal)
    await this.#connected
    if (this.state === 'closed') await awaitCall((queue, id) => this.#native.connect(queue, id))
    return this
  }

  async #connect(signal: AbortSignal | undefined): Promise<void> {
    try {
      await awaitCall((queue, id) => this.#native.connect(queue, id), signal)
    } catch (error) {
      if (signal?.aborted) this.close().catch(() => {})
      throw error
    }
  }

  /**
   * Joins a project. Resolves once the server has confirmed the join. An aborted join may still take effect.
   *
   * `after` is the cursor or `event_id` to resume after: the project's first stream starts with the event that follows.
   * If events after the cursor are no longer available, the stream starts with a `gap`.
   */
  async join(project: string, given?: Abortable & { after?: string | number | null }): Promise<Project> {
    const id = checkString('project', project)
    const { after, ...rest } = checkOptions(given, 'after')
    const cursor = toCursorText(after)
    const done = await awaitCall((queue, number) => this.#native.join(queue, number, id, cursor), signalOf(rest))
    return new Project(done.project as native.Project, this.#host)
  }

  /**
   * Returns a stream of the events of all joined projects, and of events without a project. With `kind`, the stream
   * yields only events of that kind. The stream starts with the next event that arrives.
   */
  events(options?: Abortable): EventStream
  events<Name extends EventName>(kind: Name, options?: Abortable): EventStream<EventByName[Name]>
  events(kind?: EventName | Abortable, options?: Abortable): EventStream<Event> {
    return openStream(this.#native, this.#host, kind, options)
  }

  /**
   * Adds a listener for one kind of event. The name `event` selects every event, and `state` selects state changes.
   * The listener receives events that arrive later, in order. An exception thrown by the listener is passed to the
   * `listenerError` listeners; without such listeners, the exception becomes a process warning.
   */
  on<Name extends keyof HandlerArguments>(name: Name, listener: (...args: HandlerArguments[Name]) => unknown): this {
    this.#listeners.add(name, listener, false)
    return this
  }

  /** Adds a listener, as `on` does, and removes it when it is first called. */
  once<Name extends keyof HandlerArguments>(name: Name, listener: (...args: HandlerArguments[Name]) => unknown): this {
    this.#listeners.add(name, listener, true)
    return this
  }

  /** Removes a listener. If the listener was added several times, removes the most recently added occurrence. */
  off<Name extends keyof HandlerArguments>(name: Name, listener: (...args: HandlerArguments[Name]) => unknown): this {
    this.#listeners.remove(name, checkFunction('listener', listener))
    return this
  }

  /** Alias for `on`. */
  addListener<Name extends keyof HandlerArguments>(
    name: Name,
    listener: (...args: HandlerArguments[Name]) => unknown,
  ): this {
    return this.on(name, listener)
  }

  /** Alias for `off`. */
  removeListener<Name extends keyof HandlerArguments>(
    name: Name,
    listener: (...args: HandlerArguments[Name]) => unknown,
  ): this {
    return this.off(name, listener)
  }

  /** Removes all listeners, or all listeners for one name. */
  removeAllListeners(name?: keyof HandlerArguments): this {
    this.#listeners.clear(name)
    return this
  }

  /** Returns the number of listeners for a name. */
  listenerCount(name: keyof HandlerArguments): number {
    return this.#listeners.count(name)
  }

  /** Current state of the client. */
  get state(): State {
    return (JSON.parse(this.#native.state) as StateJson).state
  }

  /** Current state of the client, with the details of reconnecting or closing. */
  get stateInfo(): StateInfo {
    return toStateInfo(JSON.parse(this.#native.state) as StateJson)
  }

  /**
   * URL to which the client is connected, which it is trying to reach, or which it will try next: `url`, or one of
   * `fallbackUrls`.
   */
  get url(): string {
    return this.#native.url
  }

  /** Returns the client's counters. */
  metrics(): Metrics {
    return this.#native.metrics()
  }

  /**
   * Notifies the client of a network change. A client that is connecting or waiting to reconnect starts a new attempt
   * at once, unless the server requested the delay or probably limits connection attempts, or `maxAttemptsPerMinute` is
   * reached; a connected client checks its connection.
   */
  networkChanged(): void {
    this.#native.networkChanged()
  }

  /** Makes awaited streams and event listeners keep the process running. */
  ref(): this {
    return this.#applyRef(true)
  }

  /** Lets the process exit even while streams are awaited or events have listeners. */
  unref(): this {
    return this.#applyRef(false)
  }

  #applyRef(ref: boolean): this {
    this.#host.ref = ref
    for (const stream of this.#host.streams) stream.deref()?.setRef(ref)
    return this
  }

  /**
   * Sends a custom event. Rejects with `disconnected` if there is no connection; the event is not queued. Rejects with
   * `rate_limited` if four fifths of `rateLimit` are used up or the connection is congested; `retryIn` is the time to
   * wait before another attempt.
   */
  async emit(name: string, data?: unknown, given?: Abortable): Promise<void> {
    const [event, written] = [checkString('name', name), toJson('data', data)]
    await awaitCall((queue, id) => this.#native.emit(queue, id, event, written), signalOf(checkOptions(given)))
  }

  /**
   * Sends a custom event and waits up to `ackTimeout` for its acknowledgement. Resolves to the acknowledgement's
   * argument: `null` if it has no argument, and an array if it has several. Rejects like `emit`, and with `ack_timeout`
   * if the server does not acknowledge the event in time.
   */
  async emitWithAck<Answer = unknown>(name: string, data?: unknown, given?: Abortable): Promise<Answer> {
    const [event, written] = [checkString('name', name), toJson('data', data)]
    return callForJson(
      (queue, id) => this.#native.emitWithAck(queue, id, event, written),
      signalOf(checkOptions(given)),
    )
  }

  /**
   * Submits content for a decision. Within `requestTimeout`, the client repeats a failed submission if the repetition
   * can't store a second item. If the outcome remains unknown, the call rejects with `disconnected` or, after an
   * error status such as 500, with `api`; in both cases, `retryable` is `false`.
   */
  async moderate(content: string, given?: Submission): Promise<Moderation> {
    const { kind, body, metadata, key, signal } = checkSubmission(content, given)
    return callForJson((queue, id) => this.#native.moderate(queue, id, kind, body, metadata, key), signal)
  }

  /**
   * Submits many items for decisions, up to 100 per request; on servers without batches, one by one. Resolves to one
   * result for each item, in the same order: the decision, or the error with which the submission failed. Rejects like
   * `moderate` if the first request fails, but not if the server refuses a single item. If a later request fails, its
   * error is the result for its items and for all further ones. An aborted call may still submit items.
   */
  async moderateBatch(
    items: Iterable<string | BatchItem>,
    given?: BatchOptions,
  ): Promise<(Moderation | AutoModerateError)[]> {
    const { items: batch, key, signal } = checkBatch(items, given)
    const results = await callForJson<BatchResult[]>(
      (queue, id) => this.#native.moderateBatch(queue, id, batch, key),
      signal,
    )
    return results.map(toModerationOrError)
  }

  /** Fetches an item by its id. Rejects with `api` and the status 404 if the item does not exist. */
  async content(id: string, given?: Abortable): Promise<Content> {
    const wanted = checkString('id', id)
    return callForJson((queue, number) => this.#native.content(queue, number, wanted), signalOf(checkOptions(given)))
  }

  /**
   * Lists the items of the project that the credentials belong to, newest first, and fetches the pages as
   * needed: `for await (const content of client.contents())`. Rows that are too large or can't be parsed are skipped;
   * `contentsPage` reports their errors.
   */
  contents(filter?: ContentFilter): Contents {
    const checked = checkFilter(filter)
    return new Contents((page) => this.#fetchPage(page, checked))
  }

  /** Fetches one page of items, newest first. Pages are numbered from 1. */
  async contentsPage(page = 1, filter?: ContentFilter): Promise<ContentPage> {
    return this.#fetchPage(checkCount('page', page), checkFilter(filter))
  }

  #fetchPage(page: number, { status, perPage, signal }: ContentFilter): Promise<ContentPage> {
    return callForJson((queue, id) => this.#native.contentsPage(queue, id, page, perPage, status), signal)
  }

  /** Fetches the counters of the project that the credentials belong to. */
  async statistics(given?: Abortable): Promise<Statistics> {
    return callForJson((queue, id) => this.#native.statistics(queue, id), signalOf(checkOptions(given)))
  }

  /** Fetches the server's health. Requires no credentials. */
  async health(given?: Abortable): Promise<Health> {
    return callForJson((queue, id) => this.#native.health(queue, id), signalOf(checkOptions(given)))
  }

  /** Disconnects within 2 s. Streams yield their buffered events and then end. Calling `close` again has no effect. */
  async close(): Promise<void> {
    await awaitCall((queue, id) => this.#native.close(queue, id))
  }

  /** Calls `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @internal Returns the text that `console.log` prints. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Client ${inspect({ url: this.url, state: this.state }, options)}`
  }
}

/** Converts a cursor or an event id to a cursor string. */
function toCursorText(after: unknown): string | undefined {
  if (after === undefined || after === null) return undefined
  if (typeof after === 'number') {
    if (!Number.isSafeInteger(after) || after < 0) throw invalidArgument('after', `${after} is not an event id`)
    return String(after)
  }
  return checkString('after', after)
}

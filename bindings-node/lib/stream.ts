/** Streams of events: a batch is parsed at once and returned event by event. */

import type * as native from '../native/index.js'
import { unlessAborted } from './abort.js'
import { count, duration, options, signalOf } from './arguments.js'
import { fromNative, fromText } from './errors.js'
import type { Event } from './events.js'
import { keepAlive } from './keepalive.js'
import { watch } from './port.js'
import { eventsOf } from './rows.js'
import type { Losses } from './values.js'
import { yieldToEventLoop } from './yield.js'

/** A batch of this size means that more events are ready. */
const FULL = 512

/** A stream's settings from its client. */
export interface StreamHost {
  /** True if readers keep the event loop running. */
  readonly ref: boolean
  /** Streams that may have taken more events than they have returned. */
  readonly streams: Set<WeakRef<EventStream>>
}

/** A reader's options. */
export interface Abortable {
  /** Rejects with the signal's reason when it is aborted. */
  signal?: AbortSignal | undefined
}

/** A collected stream needs no listener any more. */
const forgotten = new FinalizationRegistry<() => void>((cleanUp) => cleanUp())
/** Awaited streams, which must not be collected. */
const awaited = new Set<object>()

/**
 * Events, in order, each once: `for await (const event of stream)`.
 *
 * A lost connection doesn't end it. It ends without an error if you left the project or closed the client; if it ends
 * for another reason, the loop throws that error. Leaving a loop loses nothing: continue with the same stream. Several
 * loops may share a stream; each event goes to one of them.
 */
export class EventStream<E extends Event = Event> implements AsyncIterableIterator<E> {
  readonly #native: native.Stream
  readonly #host: StreamHost
  readonly #ref: WeakRef<this>
  readonly #signal: AbortSignal | undefined
  readonly #cleanUp: () => void
  #batch: E[] = []
  #at = 0
  #committed = 0
  /** The number of batches in a row that needed no wait. */
  #hot = 0
  #watching = false
  #open = true
  #failure: unknown
  /** Readers without an answer yet, and a promise for the answer of the last of them. */
  #readers = 0
  #last: Promise<void> = Promise.resolve()
  #wake: (() => void) | undefined
  /** Releases the event loop. */
  #release: (() => void) | undefined

  /** @internal */
  constructor(stream: native.Stream, host: StreamHost, signal?: AbortSignal, first: E[] = []) {
    this.#native = stream
    this.#host = host
    this.#batch = first
    this.#signal = signal
    const ref = new WeakRef(this)
    this.#ref = ref
    host.streams.add(ref as WeakRef<EventStream>)
    const abort = () => ref.deref()?.close()
    signal?.addEventListener('abort', abort)
    this.#cleanUp = () => {
      host.streams.delete(ref as WeakRef<EventStream>)
      signal?.removeEventListener('abort', abort)
    }
    forgotten.register(this, this.#cleanUp)
    if (signal?.aborted) this.close()
  }

  /** For `for await`: the stream itself. */
  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next event. Rejects with the error that ended the stream, once. */
  next(): Promise<IteratorResult<E, undefined>> {
    if (this.#at < this.#batch.length && this.#readers === 0) return Promise.resolve(this.#one())
    return this.#inTurn(() => this.#more())
  }

  #one(): IteratorYieldResult<E> {
    return { done: false, value: this.#batch[this.#at++] as E }
  }

  async #more(): Promise<IteratorResult<E, undefined>> {
    return (await this.#fill()) ? this.#one() : { done: true, value: undefined }
  }

  /** Leaves a loop. The stream stays open: use it again, or `close` it. */
  return(): Promise<IteratorResult<E, undefined>> {
    this.commit()
    return Promise.resolve({ done: true, value: undefined })
  }

  /**
   * Waits for an event, and resolves to it and all others that are ready, up to `max`. Empty at the end. Rejects with
   * the error that ended the stream, once. An aborted call takes nothing.
   */
  async nextBatch(max = 1024, given?: Abortable): Promise<E[]> {
    const size = count('max', max)
    const signal = signalOf(options(given))
    signal?.throwIfAborted()
    return this.#inTurn(() => this.#several(size, signal), signal)
  }

  async #several(size: number, signal: AbortSignal | undefined): Promise<E[]> {
    if (!(await this.#fill(signal))) return []
    const events = this.#some(size)
    // Events that arrived since the batch was prepared.
    while (events.length < size && this.#batch.length < FULL && this.#take(true)) {
      events.push(...this.#some(size - events.length))
    }
    this.commit()
    return events
  }

  #some(max: number): E[] {
    const events = this.#batch.slice(this.#at, this.#at + max)
    this.#at += events.length
    return events
  }

  /**
   * At most one event per `ms` milliseconds: the first at once, then the latest. The last one is never lost. Notices of
   * loss pass without delay. This stream ends; use the returned one.
   */
  throttle(ms: number): EventStream<E> {
    const interval = duration('ms', ms)
    if (!this.#open) return this
    let throttled: native.Stream
    try {
      throttled = this.#native.throttle(interval)
    } catch (error) {
      throw fromNative(error)
    }
    const rest = this.#batch.slice(this.#at)
    this.close()
    return new EventStream(throttled, this.#host, this.#signal, rest)
  }

  /** Losses that a stream of one kind can't show as events. */
  get losses(): Losses {
    return this.#native.losses
  }

  /** Ends the stream for all its readers, including waiting ones. */
  close(): void {
    this.commit()
    this.#batch = []
    this.#at = this.#committed = 0
    this.#native.cancel()
    this.#cleanUp()
    this.#end()
  }

  /** Closes, at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** @internal Marks the returned events as delivered, so that the cursor includes them. */
  commit(): void {
    const handed = this.#at - this.#committed
    if (handed > 0) this.#native.handed(handed)
    this.#committed = this.#at
  }

  /** Runs readers one after another, in the order of their calls. */
  async #inTurn<T>(read: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last
    let answered = (): void => {}
    this.#last = new Promise((resolve) => {
      answered = resolve
    })
    let mine = before
    this.#readers++
    try {
      if (this.#readers > 1) await unlessAborted(before, signal)
      mine = Promise.resolve()
      return await read()
    } finally {
      this.#readers--
      // An aborted reader that leaves before its turn must not admit later readers early.
      mine.then(answered)
    }
  }

  /** Makes sure that an event is ready; false at the end. */
  async #fill(signal?: AbortSignal): Promise<boolean> {
    // A reader that never has to wait still yields to the event loop.
    if (this.#at >= this.#batch.length && this.#hot > 0) await yieldToEventLoop()
    signal?.throwIfAborted()
    for (;;) {
      if (this.#at < this.#batch.length || this.#take()) return true
      if (this.#signal?.aborted) throw this.#signal.reason
      if (!this.#open) return this.#ended()
      await this.#readable(signal)
    }
  }

  /** Takes the ready events, and has the next batch prepared while this one is read. */
  #take(now = false): boolean {
    const text = this.#native.take(this.#at - this.#committed, now)
    this.#at = this.#committed = 0
    this.#batch = []
    if (text === null) return false
    if (this.#open) this.#watch()
    this.#batch = eventsOf(text) as E[]
    this.#hot++
    return true
  }

  #ended(): false {
    this.#cleanUp()
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
    return false
  }

  /** Waits until events are ready, or the end. */
  async #readable(signal: AbortSignal | undefined): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#watch()
    awaited.add(this)
    this.setRef(this.#host.ref)
    try {
      await unlessAborted(woken, signal)
      this.#hot = 0
    } finally {
      this.#wake = undefined
      awaited.delete(this)
      this.setRef(false)
    }
  }

  /** @internal Keeps the event loop running for waiting readers, or stops doing so. */
  setRef(ref: boolean): void {
    if (ref && this.#wake) this.#release ??= keepAlive()
    if (ref) return
    this.#release?.()
    this.#release = undefined
  }

  #watch(): void {
    if (this.#watching) return
    watch((port, id) => this.#native.readable(port, id), EventStream.#callback(this.#ref))
    this.#watching = true
  }

  /** The callback holds no strong reference to `this`, so that an unused stream can be collected. */
  static #callback<E extends Event>(ref: WeakRef<EventStream<E>>): (done: native.Done) => void {
    return (done) => {
      const stream = ref.deref()
      if (stream) stream.#woken(done)
    }
  }

  #woken(done: native.Done): void {
    this.#watching = false
    if (done.error !== undefined) this.#failure = fromText(done.error)
    if (done.value === 'true') this.#wake?.()
    else this.#end()
  }

  #end(): void {
    if (!this.#open) return
    this.#open = false
    this.#wake?.()
  }
}

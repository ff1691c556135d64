/** Streams of events: a batch is parsed at once and handed out piece by piece. */

import type * as native from '../native/index.js'
import { unlessAborted } from './abort.js'
import { count, duration, options, signalOf } from './arguments.js'
import { fromNative, fromText } from './errors.js'
import type { Event } from './events.js'
import { hold } from './hold.js'
import { watch } from './port.js'
import { eventsOf } from './rows.js'
import { turn } from './turn.js'
import type { Losses } from './values.js'

/** A batch of so many events was not all that there was. */
const FULL = 512

/** What its client decides about a stream. */
export interface StreamHost {
  /** Whether readers keep the event loop running. */
  readonly ref: boolean
  /** Streams that may have taken more than they have handed out. */
  readonly streams: Set<WeakRef<EventStream>>
}

/** What a reader may pass. */
export interface Abortable {
  /** Rejects with the signal's reason when it is aborted. */
  signal?: AbortSignal | undefined
}

/** A stream that is forgotten needs no listener any more. */
const forgotten = new FinalizationRegistry<() => void>((cleanUp) => cleanUp())
/** Streams that somebody waits for: they must not be collected. */
const awaited = new Set<object>()

/**
 * Events, in order, each once: `for await (const event of stream)`.
 *
 * Interruptions that are being mended don't end it. If you left or closed, it just ends; if it ends for another reason,
 * the loop throws that error. Leaving a loop loses nothing: go on with the same stream. Several loops may share a
 * stream; each event goes to one of them.
 */
export class EventStream<E extends Event = Event> implements AsyncIterableIterator<E> {
  readonly #native: native.Stream
  readonly #host: StreamHost
  readonly #ref: WeakRef<this>
  readonly #signal: AbortSignal | undefined
  readonly #cleanUp: () => void
  #batch: E[] = []
  #at = 0
  #told = 0
  /** Takes in a row for which nobody had to wait. */
  #hot = 0
  #watching = false
  #open = true
  #failure: unknown
  /** Readers that have not got their answer, and when the last of them will have it. */
  #readers = 0
  #last: Promise<void> = Promise.resolve()
  #wake: (() => void) | undefined
  /** Lets go of the event loop. */
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

  /** The next event. Rejects with the error for which the stream ends, once. */
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

  /** A loop is left. The stream goes on: use it again, or `close` it. */
  return(): Promise<IteratorResult<E, undefined>> {
    this.tell()
    return Promise.resolve({ done: true, value: undefined })
  }

  /**
   * Waits for an event and resolves to it and those that are there as well, up to `max`. Empty at the end.
   * Rejects with the error for which the stream ends, once. An aborted call takes nothing.
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
    // What has come since the batch was made ready.
    while (events.length < size && this.#batch.length < FULL && this.#take(true)) {
      events.push(...this.#some(size - events.length))
    }
    this.tell()
    return events
  }

  #some(max: number): E[] {
    const events = this.#batch.slice(this.#at, this.#at + max)
    this.#at += events.length
    return events
  }

  /**
   * At most one event per `ms` milliseconds: the first at once, then the latest; the last is never lost.
   * Notices of losses are passed on without delay. This stream ends; use the returned one.
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

  /** What a stream of one kind had to leave out because it is of another kind. */
  get losses(): Losses {
    return this.#native.losses
  }

  /** Ends the stream for its readers, also those that wait. */
  close(): void {
    this.tell()
    this.#batch = []
    this.#at = this.#told = 0
    this.#native.cancel()
    this.#cleanUp()
    this.#end()
  }

  /** Closes, at the end of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** @internal What was handed out counts as delivered: a cursor must be in front of it. */
  tell(): void {
    const handed = this.#at - this.#told
    if (handed > 0) this.#native.handed(handed)
    this.#told = this.#at
  }

  /** One reader after the other, in the order of their calls. */
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
      // Whoever goes before their turn does not let others in early.
      mine.then(answered)
    }
  }

  /** Makes sure that there is something to hand out; false at the end. */
  async #fill(signal?: AbortSignal): Promise<boolean> {
    // Whoever reads without ever having to wait lets the event loop do something else.
    if (this.#at >= this.#batch.length && this.#hot > 0) await turn()
    signal?.throwIfAborted()
    for (;;) {
      if (this.#at < this.#batch.length || this.#take()) return true
      if (this.#signal?.aborted) throw this.#signal.reason
      if (!this.#open) return this.#ended()
      await this.#readable(signal)
    }
  }

  /** Takes what is ready, and has the next batch made ready while this one is read. */
  #take(now = false): boolean {
    const text = this.#native.take(this.#at - this.#told, now)
    this.#at = this.#told = 0
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

  /** Waits until there is something to take, or the end. */
  async #readable(signal: AbortSignal | undefined): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#watch()
    awaited.add(this)
    this.holdOn(this.#host.ref)
    try {
      await unlessAborted(woken, signal)
      this.#hot = 0
    } finally {
      this.#wake = undefined
      awaited.delete(this)
      this.holdOn(false)
    }
  }

  /** @internal Keeps the event loop running for whoever waits, or no longer. */
  holdOn(ref: boolean): void {
    if (ref && this.#wake) this.#release ??= hold()
    if (ref) return
    this.#release?.()
    this.#release = undefined
  }

  #watch(): void {
    if (this.#watching) return
    watch((port, id) => this.#native.readable(port, id), EventStream.#heed(this.#ref))
    this.#watching = true
  }

  /** The wait itself keeps nothing, as a function made beside `this` would: a forgotten stream may be collected. */
  static #heed<E extends Event>(ref: WeakRef<EventStream<E>>): (done: native.Done) => void {
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

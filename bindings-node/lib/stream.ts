/** Event streams. A stream parses a whole batch of events, and then returns the events one by one. */

import type * as native from '../native/index.js'
import { rejectOnAbort } from './abort.js'
import { checkCount, checkDuration, checkOptions, signalOf } from './arguments.js'
import { parseEvents } from './batches.js'
import { startCall } from './completions.js'
import { errorFromJson, errorFromNative } from './errors.js'
import { yieldToEventLoop } from './eventloop.js'
import type { Event } from './events.js'
import { keepAlive } from './keepalive.js'
import type { Losses } from './values.js'

/** Number of events in a full batch, as in `src/stream.rs`. After a full batch, `nextBatch` takes no further batch. */
const FULL_BATCH_EVENTS = 512

/** Part of a client that its streams share. */
export interface StreamHost {
  /** True if waiting readers keep the event loop running. */
  readonly ref: boolean
  /**
   * Open streams. Before the cursor is read, each of them reports how many events it has returned to its reader, because
   * it may have taken more from the native module.
   */
  readonly streams: Set<WeakRef<EventStream>>
}

/** Options of a call or a stream that can be aborted. */
export interface Abortable {
  /**
   * Signal that aborts the call or ends the stream. The call, or a read from the stream, then rejects with the signal's
   * reason.
   */
  signal?: AbortSignal | undefined
}

/** Registry that cleans up after streams that were garbage-collected. */
const collectedStreams = new FinalizationRegistry<() => void>((cleanUp) => cleanUp())
/** Streams that must not be garbage-collected, because a reader awaits them. */
const awaitedStreams = new Set<object>()

/**
 * Stream of events, each delivered once and in order: `for await (const event of stream)`.
 *
 * A stream continues after a lost connection. It ends without an error when you close it or the client; a project's
 * stream also ends when you leave the project. If an error ends the stream, the loop throws that error. No event is
 * lost if you break out of a loop and continue with the same stream. Several loops may share a stream; each event is
 * delivered to one loop.
 */
export class EventStream<E extends Event = Event> implements AsyncIterableIterator<E> {
  readonly #native: native.Stream
  readonly #host: StreamHost
  readonly #ref: WeakRef<this>
  readonly #signal: AbortSignal | undefined
  readonly #cleanUp: () => void
  #batch: E[] = []
  #position = 0
  #reportedPosition = 0
  /** Number of consecutive batches that were read without waiting. */
  #batchesWithoutWait = 0
  #isReadablePending = false
  #isOpen = true
  #failure: unknown
  /** Number of reads that have not settled yet. */
  #waitingReaders = 0
  #lastRead: Promise<void> = Promise.resolve()
  #wake: (() => void) | undefined
  /** Function that releases the event loop; undefined while the stream does not keep it running. */
  #releaseEventLoop: (() => void) | undefined

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
    collectedStreams.register(this, this.#cleanUp)
    if (signal?.aborted) this.close()
  }

  /** Returns the stream itself, for `for await`. */
  [Symbol.asyncIterator](): this {
    return this
  }

  /** Returns the next event. If the stream ended with an error, rejects with the error once. */
  next(): Promise<IteratorResult<E, undefined>> {
    if (this.#position < this.#batch.length && this.#waitingReaders === 0) return Promise.resolve(this.#takeResult())
    return this.#runInTurn(() => this.#nextResult())
  }

  #takeResult(): IteratorYieldResult<E> {
    return { done: false, value: this.#batch[this.#position++] as E }
  }

  async #nextResult(): Promise<IteratorResult<E, undefined>> {
    return (await this.#ensureReady()) ? this.#takeResult() : { done: true, value: undefined }
  }

  /** Called when a loop exits early. The stream stays open until you `close` it. */
  return(): Promise<IteratorResult<E, undefined>> {
    this.reportDelivered()
    return Promise.resolve({ done: true, value: undefined })
  }

  /**
   * Waits for an event and resolves to the events that are ready, up to `max`. Resolves to an empty array at the end of
   * the stream. If the stream ended with an error, rejects with the error once. An aborted call takes no events.
   */
  async nextBatch(max = 1024, given?: Abortable): Promise<E[]> {
    const size = checkCount('max', max)
    const signal = signalOf(checkOptions(given))
    signal?.throwIfAborted()
    return this.#runInTurn(() => this.#readBatch(size, signal), signal)
  }

  async #readBatch(size: number, signal: AbortSignal | undefined): Promise<E[]> {
    if (!(await this.#ensureReady(signal))) return []
    const events = this.#takeFromBatch(size)
    // More events may have arrived since the batch was prepared.
    while (events.length < size && this.#batch.length < FULL_BATCH_EVENTS && this.#takeBatch(true)) {
      events.push(...this.#takeFromBatch(size - events.length))
    }
    this.reportDelivered()
    return events
  }

  #takeFromBatch(max: number): E[] {
    const events = this.#batch.slice(this.#position, this.#position + max)
    this.#position += events.length
    return events
  }

  /**
   * Ends this stream, and returns a stream that yields at most one event per `ms` milliseconds: at once, the first
   * event, or the latest if several are already available; and then the latest event of each interval. The last event
   * is never dropped, and `gap`, `lagged`, `serverError` and `malformedEvent` events are not delayed.
   */
  throttle(ms: number): EventStream<E> {
    const interval = checkDuration('ms', ms)
    if (!this.#isOpen) return this
    let throttled: native.Stream
    try {
      throttled = this.#native.throttle(interval)
    } catch (error) {
      throw errorFromNative(error)
    }
    const rest = this.#batch.slice(this.#position)
    this.close()
    return new EventStream(throttled, this.#host, this.#signal, rest)
  }

  /** Losses that a stream of one kind of event counts instead of yielding `gap` and `lagged` events. */
  get losses(): Losses {
    return this.#native.losses
  }

  /** Ends the stream for all readers, including waiting readers. */
  close(): void {
    this.reportDelivered()
    this.#batch = []
    this.#position = this.#reportedPosition = 0
    this.#native.cancel()
    this.#cleanUp()
    this.#markEnded()
  }

  /** Calls `close`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** @internal Marks the events returned so far as delivered, so that the project's cursor moves past them. */
  reportDelivered(): void {
    const delivered = this.#position - this.#reportedPosition
    if (delivered > 0) this.#native.markDelivered(delivered)
    this.#reportedPosition = this.#position
  }

  /** Runs concurrent reads one after another, in the order of their calls. */
  async #runInTurn<T>(read: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#lastRead
    let answered = (): void => {}
    this.#lastRead = new Promise((resolve) => {
      answered = resolve
    })
    let mine = before
    this.#waitingReaders++
    try {
      if (this.#waitingReaders > 1) await rejectOnAbort(before, signal)
      mine = Promise.resolve()
      return await read()
    } finally {
      this.#waitingReaders--
      // If this read was aborted before its turn, later reads must still wait for the earlier ones.
      mine.then(answered)
    }
  }

  /** Waits until an event is ready. Returns false at the end of the stream. */
  async #ensureReady(signal?: AbortSignal): Promise<boolean> {
    // A reader that never waits must still let the event loop run.
    if (this.#position >= this.#batch.length && this.#batchesWithoutWait > 0) await yieldToEventLoop()
    signal?.throwIfAborted()
    for (;;) {
      if (this.#position < this.#batch.length || this.#takeBatch()) return true
      if (this.#signal?.aborted) throw this.#signal.reason
      if (!this.#isOpen) return this.#endRead()
      await this.#waitUntilReadable(signal)
    }
  }

  /**
   * Takes the prepared batch, and starts preparing the next one. If no batch is prepared, returns false or, with `now`,
   * takes the events that are ready.
   */
  #takeBatch(now = false): boolean {
    const text = this.#native.takeBatch(this.#position - this.#reportedPosition, now)
    this.#position = this.#reportedPosition = 0
    this.#batch = []
    if (text === null) return false
    if (this.#isOpen) this.#watchReadable()
    this.#batch = parseEvents(text) as E[]
    this.#batchesWithoutWait++
    return true
  }

  #endRead(): false {
    this.#cleanUp()
    const failure = this.#failure
    this.#failure = undefined
    if (failure !== undefined) throw failure
    return false
  }

  /** Waits until events are ready or the stream ends. */
  async #waitUntilReadable(signal: AbortSignal | undefined): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#watchReadable()
    awaitedStreams.add(this)
    this.setRef(this.#host.ref)
    try {
      await rejectOnAbort(woken, signal)
      this.#batchesWithoutWait = 0
    } finally {
      this.#wake = undefined
      awaitedStreams.delete(this)
      this.setRef(false)
    }
  }

  /** @internal Sets whether waiting readers keep the event loop running. */
  setRef(ref: boolean): void {
    if (ref && this.#wake) this.#releaseEventLoop ??= keepAlive()
    if (ref) return
    this.#releaseEventLoop?.()
    this.#releaseEventLoop = undefined
  }

  #watchReadable(): void {
    if (this.#isReadablePending) return
    startCall((queue, id) => this.#native.readable(queue, id), EventStream.#completionCallback(this.#ref))
    this.#isReadablePending = true
  }

  /** Returns a callback without a strong reference to the stream, so that an unused stream can be garbage-collected. */
  static #completionCallback<E extends Event>(ref: WeakRef<EventStream<E>>): (done: native.Completion) => void {
    return (done) => {
      const stream = ref.deref()
      if (stream) stream.#onReadable(done)
    }
  }

  #onReadable(done: native.Completion): void {
    this.#isReadablePending = false
    if (done.error !== undefined) this.#failure = errorFromJson(done.error)
    if (done.value === 'true') this.#wake?.()
    else this.#markEnded()
  }

  #markEnded(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#wake?.()
  }
}

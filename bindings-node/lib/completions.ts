/**
 * Calls to the native module, which complete on the SDK's threads. A single wake-up of Node's thread delivers the
 * results of all completed calls.
 */

import * as native from '../native/index.js'
import { rejectOnAbort } from './abort.js'
import { errorFromJson, errorFromNative } from './errors.js'
import { keepAlive } from './keepalive.js'

/** Function that starts a call. The call's completion is queued with `id`. */
type StartCall = (queue: native.CompletionQueue, id: number) => void
type CompletionCallback = (done: native.Completion) => void

const callbacks = new Map<number, CompletionCallback>()
let queue: native.CompletionQueue | undefined
let lastId = 0

function dispatchCompletions(): void {
  for (const done of queue?.drain() ?? []) {
    const callback = callbacks.get(done.id)
    callbacks.delete(done.id)
    if (callback) callback(done)
    // An aborted call must not leave a view open, which would use memory until it is garbage-collected.
    else done.liveView?.close()
  }
}

/**
 * Starts a call and invokes the callback when it completes. Returns a function that cancels the callback. Does not keep
 * the event loop running.
 */
export function startCall(start: StartCall, callback: CompletionCallback): () => void {
  queue ??= new native.CompletionQueue(dispatchCompletions)
  const id = ++lastId
  callbacks.set(id, callback)
  try {
    start(queue, id)
  } catch (error) {
    callbacks.delete(id)
    throw errorFromNative(error)
  }
  return () => void callbacks.delete(id)
}

/**
 * Starts a call and waits for its completion. Keeps the event loop running while it waits. Rejects with the signal's
 * reason if the signal is aborted.
 */
export async function awaitCall(start: StartCall, signal?: AbortSignal): Promise<native.Completion> {
  signal?.throwIfAborted()
  const releaseEventLoop = keepAlive()
  let cancelCallback = (): void => {}
  try {
    const completed = new Promise<native.Completion>((resolve) => {
      cancelCallback = startCall(start, resolve)
    })
    const done = await rejectOnAbort(completed, signal)
    // The error is created here, not in the callback, so that its stack trace includes the caller.
    if (done.error !== undefined) throw errorFromJson(done.error)
    return done
  } finally {
    cancelCallback()
    releaseEventLoop()
  }
}

/** Starts a call and waits for its completion, as `awaitCall` does. Parses the result, which is JSON. */
export async function callForJson<T>(start: StartCall, signal?: AbortSignal): Promise<T> {
  return JSON.parse((await awaitCall(start, signal)).value ?? 'null')
}

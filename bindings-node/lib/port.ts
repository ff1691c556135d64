/** The connection between the SDK's threads and this one: one wake-up returns everything that is done. */

import * as native from '../native/index.js'
import { unlessAborted } from './abort.js'
import { fromNative, fromText } from './errors.js'
import { keepAlive } from './keepalive.js'

/** Starts an operation whose end is reported under a number. */
type Start = (port: native.Port, id: number) => void
type Callback = (done: native.Done) => void

const callbacks = new Map<number, Callback>()
let port: native.Port | undefined
let last = 0

function ring(): void {
  for (const done of port?.drain() ?? []) {
    const callback = callbacks.get(done.id)
    callbacks.delete(done.id)
    callback?.(done)
  }
}

/**
 * Calls the callback when the operation is done; returns a function that cancels the callback. Does not keep the event
 * loop running.
 */
export function watch(start: Start, callback: Callback): () => void {
  port ??= new native.Port(ring)
  const id = ++last
  callbacks.set(id, callback)
  try {
    start(port, id)
  } catch (error) {
    callbacks.delete(id)
    throw fromNative(error)
  }
  return () => void callbacks.delete(id)
}

/**
 * Waits until the operation is done. Keeps the event loop running in the meantime, and rejects with the signal's reason
 * if aborted.
 */
export async function call(start: Start, signal?: AbortSignal): Promise<native.Done> {
  signal?.throwIfAborted()
  const release = keepAlive()
  let forget = (): void => {}
  try {
    const finished = new Promise<native.Done>((resolve) => {
      forget = watch(start, resolve)
    })
    const done = await unlessAborted(finished, signal)
    // Created here and not in the callback, so that its stack shows the caller.
    if (done.error !== undefined) throw fromText(done.error)
    return done
  } finally {
    forget()
    release()
  }
}

/** Like `call`, for operations that return JSON. */
export async function ask<T>(start: Start, signal?: AbortSignal): Promise<T> {
  return JSON.parse((await call(start, signal)).value ?? 'null')
}

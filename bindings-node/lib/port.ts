/** Between the SDK's threads and this one: one wake-up brings everything that is done. */

import * as native from '../native/index.js'
import { unlessAborted } from './abort.js'
import { fromNative, fromText } from './errors.js'
import { hold } from './hold.js'

/** Starts something whose end is told under a number. */
type Start = (port: native.Port, id: number) => void
type Heed = (done: native.Done) => void

const heeded = new Map<number, Heed>()
let port: native.Port | undefined
let last = 0

function ring(): void {
  for (const done of port?.drain() ?? []) {
    const heed = heeded.get(done.id)
    heeded.delete(done.id)
    heed?.(done)
  }
}

/** Has a function called when it is done; returns what makes nobody heed it. Does not keep the event loop running. */
export function watch(start: Start, heed: Heed): () => void {
  port ??= new native.Port(ring)
  const id = ++last
  heeded.set(id, heed)
  try {
    start(port, id)
  } catch (error) {
    heeded.delete(id)
    throw fromNative(error)
  }
  return () => void heeded.delete(id)
}

/** Waits until it is done. Keeps the event loop running meanwhile, and rejects with the signal's reason if aborted. */
export async function call(start: Start, signal?: AbortSignal): Promise<native.Done> {
  signal?.throwIfAborted()
  const release = hold()
  let forget = (): void => {}
  try {
    const told = new Promise<native.Done>((resolve) => {
      forget = watch(start, resolve)
    })
    const done = await unlessAborted(told, signal)
    // Made here and not where it is told, so that its stack shows who has called.
    if (done.error !== undefined) throw fromText(done.error)
    return done
  } finally {
    forget()
    release()
  }
}

/** As `call`, for what brings JSON. */
export async function ask<T>(start: Start, signal?: AbortSignal): Promise<T> {
  return JSON.parse((await call(start, signal)).value ?? 'null')
}

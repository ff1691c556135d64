/** Argument validation. Every check throws a `TypeError` that names the invalid argument. */

import { types } from 'node:util'
import { invalidArgument } from './errors.js'

/** Describes a value by its type, because the value may be a secret. NaN and infinity are shown as they are. */
function describeType(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value !== 'object') return typeof value
  return Array.isArray(value) ? 'an array' : 'an object'
}

export function checkString(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidArgument(name, `expected a string, got ${describeType(value)}`)
  return value
}

export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidArgument(name, `expected a boolean, got ${describeType(value)}`)
  return value
}

export function checkNumber(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw invalidArgument(name, `expected a number, got ${describeType(value)}`)
  }
  return value
}

/** Checks a duration in milliseconds. */
export function checkDuration(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw invalidArgument(name, `expected a number of milliseconds, got ${describeType(value)}`)
  }
  if (value < 0) throw invalidArgument(name, `${value} is not a number of milliseconds`)
  return value
}

export function checkCount(name: string, value: unknown, minimum = 1): number {
  if (typeof value !== 'number') throw invalidArgument(name, `expected a number, got ${describeType(value)}`)
  if (!Number.isInteger(value) || value < minimum || value > 0xffffffff)
    throw invalidArgument(name, `${value} is not an integer of at least ${minimum}`)
  return value
}

export function checkObject(name: string, value: unknown, expected = 'an object'): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgument(name, `expected ${expected}, got ${describeType(value)}`)
  }
  return value as Record<string, unknown>
}

/** Checks an iterable. Refuses a string, which is an iterable of its characters. */
export function checkIterable(name: string, value: unknown): Iterable<unknown> {
  const iterable = value as Partial<Iterable<unknown>> | null
  if (typeof value !== 'object' || typeof iterable?.[Symbol.iterator] !== 'function') {
    throw invalidArgument(name, `expected an iterable, got ${describeType(value)}`)
  }
  return iterable as Iterable<unknown>
}

export function checkFunction<F>(name: string, value: F): F {
  if (typeof value !== 'function') throw invalidArgument(name, `expected a function, got ${describeType(value)}`)
  return value
}

/**
 * Checks a call's options object, which may contain a `signal` and the options in `names`. A missing object counts as
 * empty.
 */
export function checkOptions<T extends object>(value: T | undefined, ...names: (keyof T & string)[]): Partial<T> {
  if (value === undefined) return {}
  const given = checkObject('options', value)
  const unknown = Object.keys(given).find((name) => name !== 'signal' && !names.includes(name as keyof T & string))
  // Without this check, a misspelled option would be ignored.
  if (unknown !== undefined) throw invalidArgument(unknown, 'unknown option')
  return given as Partial<T>
}

/** Returns the `signal` of an options object. `null` counts as missing. */
export function signalOf(options: { signal?: AbortSignal | undefined }): AbortSignal | undefined {
  const signal: unknown = options.signal
  if (signal === undefined || signal === null) return undefined
  const isSignal = typeof signal === 'object' && 'aborted' in signal && 'addEventListener' in signal
  if (!isSignal) throw invalidArgument('signal', `expected an AbortSignal, got ${describeType(signal)}`)
  return signal as AbortSignal
}

/** Serializes a user-supplied value to JSON. `undefined` becomes `null`. */
export function toJson(name: string, value: unknown): string {
  if (value === undefined) return 'null'
  let encoded: string | undefined
  try {
    encoded = JSON.stringify(value)
  } catch (error) {
    const reason = types.isNativeError(error) ? error.message : 'it throws'
    throw invalidArgument(name, `it can't be written as JSON (${reason.split('\n', 1)[0]})`, error)
  }
  if (encoded === undefined) throw invalidArgument(name, `a ${typeof value} can't be written as JSON`)
  return encoded
}

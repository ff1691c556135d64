/** Checks of arguments: an invalid one throws a `TypeError` that names it. */

import { types } from 'node:util'
import { invalid } from './errors.js'

/** The given value for a message: its type, and never a value that may be secret. */
function kind(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value !== 'object') return typeof value
  return Array.isArray(value) ? 'an array' : 'an object'
}

export function text(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalid(name, `expected a string, got ${kind(value)}`)
  return value
}

export function flag(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid(name, `expected a boolean, got ${kind(value)}`)
  return value
}

export function number(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid(name, `expected a number, got ${kind(value)}`)
  return value
}

/** Milliseconds. */
export function duration(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw invalid(name, `expected a number of milliseconds, got ${kind(value)}`)
  }
  if (value < 0) throw invalid(name, `${value} is not a number of milliseconds`)
  return value
}

export function count(name: string, value: unknown, least = 1): number {
  if (typeof value !== 'number') throw invalid(name, `expected a number, got ${kind(value)}`)
  if (!Number.isInteger(value) || value < least || value > 0xffffffff)
    throw invalid(name, `${value} is not an integer of at least ${least}`)
  return value
}

export function object(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(name, `expected an object, got ${kind(value)}`)
  }
  return value as Record<string, unknown>
}

export function callback<F>(name: string, value: F): F {
  if (typeof value !== 'function') throw invalid(name, `expected a function, got ${kind(value)}`)
  return value
}

/** The last argument of a call: an object with a signal or some of the options named, or nothing. */
export function options<T extends object>(value: T | undefined, ...names: (keyof T & string)[]): Partial<T> {
  if (value === undefined) return {}
  const given = object('options', value)
  const unknown = Object.keys(given).find((name) => name !== 'signal' && !names.includes(name as keyof T & string))
  // A misspelt option would otherwise count as a missing one.
  if (unknown !== undefined) throw invalid(unknown, 'unknown option')
  return given as Partial<T>
}

/** The signal among options. */
export function signalOf(options: { signal?: AbortSignal | undefined }): AbortSignal | undefined {
  const signal: unknown = options.signal
  if (signal === undefined || signal === null) return undefined
  const usable = typeof signal === 'object' && 'aborted' in signal && 'addEventListener' in signal
  if (!usable) throw invalid('signal', `expected an AbortSignal, got ${kind(signal)}`)
  return signal as AbortSignal
}

/** Data as JSON. */
export function json(name: string, value: unknown): string {
  if (value === undefined) return 'null'
  let written: string | undefined
  try {
    written = JSON.stringify(value)
  } catch (error) {
    const why = types.isNativeError(error) ? error.message : 'it throws'
    throw invalid(name, `it can't be written as JSON (${why.split('\n', 1)[0]})`, error)
  }
  if (written === undefined) throw invalid(name, `a ${typeof value} can't be written as JSON`)
  return written
}

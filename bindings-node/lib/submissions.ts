/** Submissions and batches of them. */

import type * as native from '../native/index.js'
import { checkIterable, checkObject, checkOptions, checkString, signalOf, toJson } from './arguments.js'
import { type AutoModerateError, errorFromOptionalRecord, invalidArgument } from './errors.js'
import type { Abortable } from './stream.js'
import type { Moderation } from './values.js'

/** Options of a submission. */
export interface Submission extends Abortable {
  /** Content type. Default `text`. */
  type?: string
  /** Data to store with the content. If it contains a `user_id`, the submission is attributed to that user. */
  metadata?: unknown
  /**
   * Idempotency key: 1 to 255 visible ASCII characters. On servers that support idempotency keys, calls with the same
   * key and the same arguments within 24 hours count as one submission. Default: a random key for each call.
   */
  idempotencyKey?: string
}

/** Item of a batch. */
export interface BatchItem {
  /** Content to submit. */
  content: string
  /** Content type. Default `text`. */
  type?: string
  /** Data to store with the content. If it contains a `user_id`, the submission is attributed to that user. */
  metadata?: unknown
}

/** Options of a batch. */
export interface BatchOptions extends Abortable {
  /**
   * Idempotency key of the whole batch: 1 to 240 visible ASCII characters. On servers that support idempotency keys,
   * calls with the same key and the same items within 24 hours count as one batch. Default: a random key for each call.
   */
  idempotencyKey?: string
}

/** Submission in the form that the native module expects. */
interface CheckedSubmission {
  kind: string
  body: string
  metadata: string | null
  key: string | null
  signal: AbortSignal | undefined
}

export function checkSubmission(content: string, given: Submission | undefined): CheckedSubmission {
  const { type = 'text', metadata, idempotencyKey, ...rest } = checkOptions(given, 'type', 'metadata', 'idempotencyKey')
  return {
    kind: checkString('type', type),
    body: checkString('content', content),
    metadata: metadata === undefined ? null : toJson('metadata', metadata),
    key: checkKey(idempotencyKey),
    signal: signalOf(rest),
  }
}

/** Batch in the form that the native module expects. */
interface CheckedBatch {
  items: native.BatchItem[]
  key: string | null
  signal: AbortSignal | undefined
}

export function checkBatch(items: Iterable<string | BatchItem>, given: BatchOptions | undefined): CheckedBatch {
  const { idempotencyKey, ...rest } = checkOptions(given, 'idempotencyKey')
  const key = checkKey(idempotencyKey)
  const signal = signalOf(rest)
  return { items: Array.from(checkIterable('items', items), checkItem), key, signal }
}

function checkKey(key: string | undefined): string | null {
  return key === undefined ? null : checkString('idempotencyKey', key)
}

function checkItem(item: unknown, index: number): native.BatchItem {
  const path = `items[${index}]`
  if (typeof item === 'string') return { kind: 'text', content: item }
  const { content, type = 'text', metadata, ...rest } = checkObject(path, item, 'a string or an object')
  const [unknown] = Object.keys(rest)
  // Without this check, a misspelled field would be ignored.
  if (unknown !== undefined) throw invalidArgument(`${path}.${unknown}`, 'unknown field')
  return {
    kind: checkString(`${path}.type`, type),
    content: checkString(`${path}.content`, content),
    ...(metadata === undefined ? {} : { metadata: toJson(`${path}.metadata`, metadata) }),
  }
}

/** Result for one item of a batch, as the native module reports it: either a decision or an error. */
export interface BatchResult {
  moderation?: Moderation
  error?: unknown
}

export function toModerationOrError({ moderation, error }: BatchResult): Moderation | AutoModerateError {
  return errorFromOptionalRecord(error) ?? (moderation as Moderation)
}

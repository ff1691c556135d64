/** The error class of the package, and conversions to it. */

/** Error code. Codes are stable, and the same in every programming language. */
export type ErrorCode =
  | 'authentication_failed'
  | 'access_denied'
  | 'project_not_found'
  | 'room_limit'
  | 'rate_limited'
  | 'join_timeout'
  | 'connect_timeout'
  | 'connect_failed'
  | 'disconnected'
  | 'gave_up'
  | 'ack_timeout'
  | 'invalid_argument'
  | 'protocol'
  | 'api'
  | 'overflow'
  | 'closed'

/** Stage at which the connection attempt or REST call failed. */
export type Stage = 'credentials' | 'network' | 'tls' | 'http' | 'engine_io' | 'namespace'

/** Error as the native module reports it. */
interface ErrorRecord {
  code: ErrorCode
  message: string
  retryable?: boolean
  retryIn?: number | null
  stage?: Stage | null
  status?: number | null
  body?: string | null
  attempts?: number | null
  cause?: ErrorRecord | null
}

const BRAND = Symbol.for('automoderate.error')

/**
 * Error of this package. The message is meant for humans; programs should check `code`.
 *
 * Keys, passwords and cookies of at least six bytes are redacted in all errors. An invalid argument throws a
 * `TypeError` with the same fields as this class and the code `invalid_argument`; `instanceof AutoModerateError` is
 * also true for such a `TypeError`.
 */
export class AutoModerateError extends Error {
  /** Stable error code. */
  declare readonly code: ErrorCode
  /** True if the operation may succeed later, if necessary with a new client or stream. */
  declare readonly retryable: boolean
  /** Time to wait before a retry, in milliseconds, if known. */
  declare readonly retryIn?: number
  /** Stage at which the connection attempt or REST call failed. */
  declare readonly stage?: Stage
  /** HTTP status of the server's response. */
  declare readonly status?: number
  /** Beginning of the body of the server's response, or the item's result if the server refused an item of a batch. */
  declare readonly body?: string
  /**
   * Number of attempts before the client gave up, counted from the loss of the last stable connection. If no
   * connection was stable, the first attempt is not counted.
   */
  declare readonly attempts?: number
  /** Error that caused this error. */
  declare readonly cause?: unknown

  constructor(
    message: string,
    fields: Partial<Omit<AutoModerateError, keyof Error>> & { code: ErrorCode; cause?: unknown },
  ) {
    super(message)
    defineFields(this, fields)
  }

  /**
   * Returns true for errors from any loaded copy of this package, including the `TypeError`s that the package throws.
   */
  static override [Symbol.hasInstance](value: unknown): value is AutoModerateError {
    return typeof value === 'object' && value !== null && BRAND in value
  }
}
Object.defineProperty(AutoModerateError.prototype, 'name', {
  value: 'AutoModerateError',
  configurable: true,
  writable: true,
})

function defineFields(error: Error, fields: object): void {
  Object.defineProperty(error, BRAND, { value: true })
  Object.assign(error, { retryable: false })
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue
    // `cause` is not enumerable, as in the standard `Error`.
    Object.defineProperty(error, name, { value, enumerable: name !== 'cause', configurable: true, writable: true })
  }
}

/** Creates the `TypeError` for an invalid argument. The error's message begins with the argument's name. */
export function invalidArgument(name: string, problem: string, cause?: unknown): TypeError {
  return argumentError(`${name}: ${problem}`, cause)
}

function argumentError(message: string, cause?: unknown): TypeError {
  const error = new TypeError(message)
  defineFields(error, { code: 'invalid_argument', cause })
  return error
}

function errorFromRecord({ code, message, cause, ...fields }: ErrorRecord): AutoModerateError | TypeError {
  if (code === 'invalid_argument') return argumentError(message.replace(/^[^:]*/, toCamelCase))
  return new AutoModerateError(message, { code, ...fields, cause: cause ? errorFromRecord(cause) : undefined } as never)
}

/** Converts a core option name to Node's spelling. */
function toCamelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** Creates an error from its JSON record. */
export function errorFromJson(text: string): AutoModerateError | TypeError {
  return errorFromRecord(JSON.parse(text))
}

/** Creates an error from the error record of a state or a batch result. Returns `undefined` if there is no record. */
export function errorFromOptionalRecord(failure: unknown): AutoModerateError | undefined {
  return failure ? (errorFromRecord(failure as ErrorRecord) as AutoModerateError) : undefined
}

/** Converts an exception from the native module to an error of this package. Returns other exceptions unchanged. */
export function errorFromNative(error: unknown): unknown {
  const message = error instanceof Error ? error.message : ''
  if (message.startsWith('{')) return errorFromJson(message)
  return /^(data|(items\[\d+\]\.)?metadata): /.test(message) ? argumentError(message) : error
}

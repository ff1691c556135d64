/** The errors. */

/** The stable codes, the same in every language. */
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

/** The stage that a connection attempt had reached. */
export type Stage = 'credentials' | 'network' | 'tls' | 'http' | 'engine_io' | 'namespace'

/** An error as the native module passes it. */
interface Failure {
  code: ErrorCode
  message: string
  retryable?: boolean
  retryIn?: number | null
  stage?: Stage | null
  status?: number | null
  body?: string | null
  attempts?: number | null
  cause?: Failure | null
}

const BRAND = Symbol.for('automoderate.error')

/**
 * An error of this package. The message is for people; programs use `code`.
 *
 * No error contains a key, a password or a cookie. An invalid argument is a `TypeError` with the same fields and the
 * code `invalid_argument`; `instanceof AutoModerateError` is true for it as well.
 */
export class AutoModerateError extends Error {
  /** The stable code. */
  declare readonly code: ErrorCode
  /** True if the same call may succeed later, unchanged. */
  declare readonly retryable: boolean
  /** Milliseconds to wait before a retry, where that is known. */
  declare readonly retryIn?: number
  /** The stage that a connection attempt had reached. */
  declare readonly stage?: Stage
  /** The HTTP status of the refusal. */
  declare readonly status?: number
  /** The beginning of the body of the refusal. */
  declare readonly body?: string
  /** The number of attempts before giving up. */
  declare readonly attempts?: number
  /** The error's cause. */
  declare readonly cause?: unknown

  constructor(
    message: string,
    fields: Partial<Omit<AutoModerateError, keyof Error>> & { code: ErrorCode; cause?: unknown },
  ) {
    super(message)
    describe(this, fields)
  }

  /** True for errors of any copy of this package, and for the `TypeError`s that it throws. */
  static override [Symbol.hasInstance](value: unknown): value is AutoModerateError {
    return typeof value === 'object' && value !== null && BRAND in value
  }
}
Object.defineProperty(AutoModerateError.prototype, 'name', {
  value: 'AutoModerateError',
  configurable: true,
  writable: true,
})

function describe(error: Error, fields: object): void {
  Object.defineProperty(error, BRAND, { value: true })
  Object.assign(error, { retryable: false })
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue
    // As in all errors, the cause is not an enumerable field.
    Object.defineProperty(error, name, { value, enumerable: name !== 'cause', configurable: true, writable: true })
  }
}

/** An invalid argument. The message begins with its name. */
export function invalid(name: string, what: string, cause?: unknown): TypeError {
  return wrong(`${name}: ${what}`, cause)
}

function wrong(message: string, cause?: unknown): TypeError {
  const error = new TypeError(message)
  describe(error, { code: 'invalid_argument', cause })
  return error
}

function make({ code, message, cause, ...fields }: Failure): AutoModerateError | TypeError {
  if (code === 'invalid_argument') return wrong(message.replace(/^[^:]*/, camelCase))
  return new AutoModerateError(message, { code, ...fields, cause: cause ? make(cause) : undefined } as never)
}

/** The names of options that the core spells differently. */
function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** The error in this JSON. */
export function fromText(text: string): AutoModerateError | TypeError {
  return make(JSON.parse(text))
}

/** The error in this state. */
export function fromFailure(failure: unknown): AutoModerateError | undefined {
  return failure ? (make(failure as Failure) as AutoModerateError) : undefined
}

/** An exception of the native module, as an error of this package. */
export function fromNative(error: unknown): unknown {
  const message = error instanceof Error ? error.message : ''
  if (message.startsWith('{')) return fromText(message)
  return /^(data|metadata): /.test(message) ? wrong(message) : error
}

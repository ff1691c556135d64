/**
 * Support for credentials providers: user-supplied functions that return the credentials for connection attempts and
 * REST calls.
 */

import type * as native from '../native/index.js'
import { checkString } from './arguments.js'
import { startCall } from './completions.js'
import { AutoModerateError, invalidArgument } from './errors.js'

/**
 * Reason why credentials are requested: `first` for the first attempt at a URL before the client has ever connected, or
 * for a REST call for which no credentials have been obtained yet; `reconnect` for a later attempt; and `rejected` after
 * the server refused the previous credentials.
 */
export type CredentialsReason = 'first' | 'reconnect' | 'rejected'

/** Credentials from a provider: a string is an API key; `null` and `undefined` mean no credentials. */
export type Credentials =
  | string
  | {
      /** API key of a project; equivalent to a plain string. */
      apiKey: string
    }
  | {
      /** Value of the web session cookie. */
      session: string
    }
  | {
      /** Email address for a login through the web form. */
      email: string
      /**
       * Password for the login. It is kept in memory only, and redacted in logs and errors if it has at least six
       * bytes.
       */
      password: string
    }
  | null
  | undefined

/**
 * Function that returns the credentials for each connection attempt, and for a REST call if the client has no valid
 * credentials. If, during a connection attempt, it throws an `AutoModerateError` with `retryable: false` or returns
 * invalid credentials, the client closes; any other error only makes the attempt or call fail. Log exceptions in the
 * provider: the SDK hides their messages, which may contain secrets. The signal is aborted when credentials are
 * requested again, or when the client has been garbage-collected.
 */
export type CredentialsProvider = (
  reason: CredentialsReason,
  context: { signal: AbortSignal },
) => Credentials | Promise<Credentials>

/** Answers requests for credentials until the client is dropped. Keeps neither the client nor the event loop alive. */
export function answerRequests(requests: native.CredentialRequests, provider: CredentialsProvider): void {
  let latest = new AbortController()
  const awaitNextRequest = (): void => {
    startCall(
      (queue, id) => requests.next(queue, id),
      (done) => {
        latest.abort()
        const request: [number, CredentialsReason] | null = JSON.parse(done.value ?? 'null')
        if (request === null) return
        latest = new AbortController()
        void answerRequest(requests, provider, request, latest.signal)
        awaitNextRequest()
      },
    )
  }
  awaitNextRequest()
}

async function answerRequest(
  requests: native.CredentialRequests,
  provider: CredentialsProvider,
  [number, reason]: [number, CredentialsReason],
  signal: AbortSignal,
): Promise<void> {
  let credentials: unknown
  try {
    credentials = await provider(reason, { signal })
  } catch (error) {
    // The error's message may contain secrets, so only the error's name is passed on.
    const name = error instanceof Error ? error.name : typeof error
    const fatal = error instanceof AutoModerateError && !error.retryable
    return requests.fail(number, `it threw ${name}`, fatal)
  }
  try {
    requests.answer(number, JSON.stringify(toNativeAnswer(credentials)))
  } catch (error) {
    requests.fail(number, error instanceof AutoModerateError ? error.message : 'it returned invalid credentials', true)
  }
}

/** Converts credentials to the form that the native module expects. */
function toNativeAnswer(credentials: unknown): object | string {
  if (credentials === null || credentials === undefined) return 'none'
  if (typeof credentials === 'string') return { apiKey: credentials }
  const { apiKey, session, email, password, ...unknown } = Object(credentials) as Record<string, unknown>
  const given = [apiKey, session, email ?? password].filter((one) => one !== undefined)
  if (typeof credentials !== 'object' || given.length !== 1 || Object.keys(unknown).length > 0) {
    throw invalidArgument(
      'credentials',
      'the provider must return an API key, or an object with apiKey, with session, or with email and password',
    )
  }
  if (apiKey !== undefined) return { apiKey: checkString('credentials.apiKey', apiKey) }
  if (session !== undefined) return { session: checkString('credentials.session', session) }
  return { password: [checkString('credentials.email', email), checkString('credentials.password', password)] }
}

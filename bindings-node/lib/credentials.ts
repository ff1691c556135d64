/** A credentials provider: a user's function that is called before every attempt. */

import type * as native from '../native/index.js'
import { text } from './arguments.js'
import { AutoModerateError, invalid } from './errors.js'
import { watch } from './port.js'

/** The reason for a request for credentials. */
export type CredentialsReason = 'first' | 'reconnect' | 'rejected'

/** An API key, or one of these; nothing means no credentials. */
export type Credentials =
  | string
  | {
      /** A project's API key: the same as the key alone. */
      apiKey: string
    }
  | {
      /** The value of the web session's cookie. */
      session: string
    }
  | {
      /** The email address for the login through the web form. */
      email: string
      /** The password for it. It is kept only in memory, and shown nowhere. */
      password: string
    }
  | null
  | undefined

/**
 * Called before every attempt. If it fails with an error that says `retryable: false`, or returns invalid credentials,
 * the client ends; after any other failure the client tries again. Its exceptions are not shown, because they may
 * contain secrets: log them in the provider. The signal is aborted when nobody waits for the answer any more.
 */
export type CredentialsProvider = (
  reason: CredentialsReason,
  context: { signal: AbortSignal },
) => Credentials | Promise<Credentials>

/** Answers requests until the client is gone. Keeps neither the client nor the event loop alive. */
export function serve(requests: native.CredentialRequests, provider: CredentialsProvider): void {
  let newest = new AbortController()
  const next = (): void => {
    watch(
      (port, id) => requests.next(port, id),
      (done) => {
        newest.abort()
        const request: [number, CredentialsReason] | null = JSON.parse(done.value ?? 'null')
        if (request === null) return
        newest = new AbortController()
        void answer(requests, provider, request, newest.signal)
        next()
      },
    )
  }
  next()
}

async function answer(
  requests: native.CredentialRequests,
  provider: CredentialsProvider,
  [number, reason]: [number, CredentialsReason],
  signal: AbortSignal,
): Promise<void> {
  let credentials: unknown
  try {
    credentials = await provider(reason, { signal })
  } catch (error) {
    // The text may contain anything, including secrets.
    const name = error instanceof Error ? error.name : typeof error
    const fatal = error instanceof AutoModerateError && !error.retryable
    return requests.refuse(number, `it has thrown (${name})`, fatal)
  }
  try {
    requests.answer(number, JSON.stringify(described(credentials)))
  } catch (error) {
    requests.refuse(
      number,
      error instanceof AutoModerateError ? error.message : 'it returned invalid credentials',
      true,
    )
  }
}

/** The credentials in the native module's form. */
function described(credentials: unknown): object | string {
  if (credentials === null || credentials === undefined) return 'none'
  if (typeof credentials === 'string') return { apiKey: credentials }
  const { apiKey, session, email, password, ...unknown } = Object(credentials) as Record<string, unknown>
  const given = [apiKey, session, email ?? password].filter((one) => one !== undefined)
  if (typeof credentials !== 'object' || given.length !== 1 || Object.keys(unknown).length > 0) {
    throw invalid('credentials', 'what is returned must be a key, or either apiKey, or session, or email and password')
  }
  if (apiKey !== undefined) return { apiKey: text('credentials.apiKey', apiKey) }
  if (session !== undefined) return { session: text('credentials.session', session) }
  return { password: [text('credentials.email', email), text('credentials.password', password)] }
}

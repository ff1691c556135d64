/** A credentials provider: a function of the user's that is asked before every attempt. */

import type * as native from '../native/index.js'
import { text } from './arguments.js'
import { AutoModerateError, invalid } from './errors.js'
import { watch } from './port.js'

/** Why credentials are wanted. */
export type CredentialsReason = 'first' | 'reconnect' | 'rejected'

/** A key, or one of these; nothing: without credentials. */
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
      /** Whom to log in through the web form. */
      email: string
      /** The password that goes with it. It is kept in memory only, and shown nowhere. */
      password: string
    }
  | null
  | undefined

/**
 * Asked before every attempt. If it fails with an error that says `retryable: false`, or returns what is no
 * credentials, the client ends; after any other failure the attempt is made again. What it throws is not shown, because
 * it may hold secrets: log it where it is known. The signal is aborted when nobody waits for the answer any more.
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
    // The text may hold anything, secrets too.
    const name = error instanceof Error ? error.name : typeof error
    const fatal = error instanceof AutoModerateError && !error.retryable
    return requests.refuse(number, `it has thrown (${name})`, fatal)
  }
  try {
    requests.answer(number, JSON.stringify(described(credentials)))
  } catch (error) {
    requests.refuse(
      number,
      error instanceof AutoModerateError ? error.message : 'it returned what is no credentials',
      true,
    )
  }
}

/** The credentials as the native module reads them. */
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

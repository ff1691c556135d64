// Client for the REST interface. It uses the browser's session cookie and the session's CSRF token.

import type { User } from './types.ts'

/** A failed request. `message` is shown to users, and the page's code checks `code`. */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

/** Returns the message of an exception, to be shown to users. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export interface SignedInSession {
  user: User
  csrf_token: string
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export class Api {
  #token = ''

  /** `onSignedOut` is called when a response shows that there is no valid session. */
  constructor(private readonly onSignedOut: () => void) {}

  /**
   * Fetches the session of the signed-in user, and stores its CSRF token, which all requests that change data must
   * contain.
   */
  async fetchSession(): Promise<SignedInSession> {
    const answer = await this.#send<SignedInSession>('GET', '/auth/csrf')
    this.#token = answer.csrf_token
    return answer
  }

  get<T>(path: string): Promise<T> {
    return this.#send('GET', path)
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#sendChange('POST', path, body)
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.#sendChange('PATCH', path, body)
  }

  delete<T>(path: string): Promise<T> {
    return this.#sendChange('DELETE', path)
  }

  async #sendChange<T>(method: Method, path: string, body?: unknown): Promise<T> {
    try {
      return await this.#send<T>(method, path, body)
    } catch (error) {
      // A sign-in in another tab replaces the cookie and the token.
      if (!(error instanceof ApiError && error.code === 'csrf_failed')) throw error
      await this.fetchSession()
      return this.#send<T>(method, path, body)
    }
  }

  async #send<T>(method: Method, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (method !== 'GET') headers['x-csrf-token'] = this.#token
    if (body !== undefined) headers['content-type'] = 'application/json'
    const init: RequestInit = { method, headers, redirect: 'error' }
    if (body !== undefined) init.body = JSON.stringify(body)
    let response: Response
    try {
      response = await fetch(path, init)
    } catch {
      throw new ApiError(0, 'unreachable', 'The server can’t be reached')
    }
    const answer: unknown = await response.json().catch(() => undefined)
    if (response.ok && answer !== undefined) return answer as T
    const failure = (answer ?? {}) as { error?: string; code?: string }
    if (response.status === 401) this.onSignedOut()
    const message = failure.error ?? `The server answered with status ${response.status}`
    throw new ApiError(response.status, failure.code ?? 'protocol', message)
  }
}

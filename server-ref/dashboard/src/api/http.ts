// The REST interface, with the browser's session cookie and the session's token.

import type { User } from './types.ts'

/** A request that failed. `message` is for people, `code` for the program. */
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

/** The message for people about an exception. */
export function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export interface SignedIn {
  user: User
  csrf_token: string
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export class Api {
  #token = ''

  /** `onSignedOut` is called when the server no longer knows the session. */
  constructor(private readonly onSignedOut: () => void) {}

  /** The signed-in user. Must be called before any change. */
  async signedIn(): Promise<SignedIn> {
    const answer = await this.#send<SignedIn>('GET', '/auth/csrf')
    this.#token = answer.csrf_token
    return answer
  }

  get<T>(path: string): Promise<T> {
    return this.#send('GET', path)
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#change('POST', path, body)
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.#change('PATCH', path, body)
  }

  delete<T>(path: string): Promise<T> {
    return this.#change('DELETE', path)
  }

  async #change<T>(method: Method, path: string, body?: unknown): Promise<T> {
    try {
      return await this.#send<T>(method, path, body)
    } catch (error) {
      // After a new sign-in in another tab, the cookie and its token are new.
      if (!(error instanceof ApiError && error.code === 'csrf_failed')) throw error
      await this.signedIn()
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

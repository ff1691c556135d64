// The page's single Socket.IO connection: stock socket.io-client, with replay from the server's event log.

import { type Signal, signal } from '@preact/signals'
import { io, type Socket } from 'socket.io-client'
import type { StatsUpdate } from '../api/types.ts'
import { Follower, type Logged, type Page, type Sink } from './follower.ts'

/** The state of the connection. `live`: events of the followed project, if any, arrive by themselves. */
export type Link = { state: 'connecting' } | { state: 'live' } | { state: 'lost'; attempt: number; cause: string }

/** A follower of a project. */
export interface Listener extends Sink {
  /** Called at the first join, and after each interruption. */
  joined(): void
  stats(update: StatsUpdate): void
  /** The project can't be followed, or no longer. */
  denied(message: string): void
}

interface Followed {
  projectId: string
  follower: Follower
  listener: Listener
}

/** Our server's acknowledgements; a refusal has a code. */
interface Answer {
  ok?: boolean
  code?: string
  message?: string
  error?: string
  retry_after?: number
}

const ANSWER_TIMEOUT = 10_000
const HEARTBEAT = 30_000
/** An event in flight usually fills a hole. */
const HOLE_WAIT = 250
/** The pause between two requests for pages if the ids repeatedly have holes: the server limits events per minute. */
const PAGE_PAUSE = 1000
/** The pause before a refused connection or join is retried, unless the server gives one. */
const RETRY = 3000

export class Connection {
  readonly link: Signal<Link> = signal<Link>({ state: 'connecting' })
  readonly #socket: Socket
  #followed: Followed | undefined
  #paging: ReturnType<typeof setTimeout> | undefined
  #lastPage = 0
  #isClosed = false

  constructor(private readonly onSignedOut: () => void) {
    const options = { transports: ['websocket', 'polling'], tryAllTransports: true, reconnectionDelayMax: 10_000 }
    this.#socket = io({ ...options, autoConnect: false })
    this.#socket.on('connect', () => void this.#join())
    this.#socket.on('disconnect', (reason) => {
      this.#lost(reason)
      // The server disconnected on purpose, so socket.io-client does not reconnect.
      if (!this.#socket.active) this.#again()
    })
    this.#socket.on('connect_error', (error) => {
      this.#lost(error.message)
      if (this.#socket.active) return
      if (error.message.startsWith('Authentication failed')) this.onSignedOut()
      else this.#again()
    })
    this.#socket.io.on('reconnect_attempt', (attempt) => this.#lost(undefined, attempt))
    this.#socket.onAny((event: string, data: unknown) => this.#received(event, data))
    setInterval(() => this.#socket.connected && this.#socket.emit('heartbeat'), HEARTBEAT)
  }

  open(): void {
    this.#socket.connect()
  }

  /** Ends the connection for good: nobody is signed in any more. */
  close(): void {
    this.#isClosed = true
    this.#followed = undefined
    this.#socket.disconnect()
  }

  /** Follows this project instead of the previous one. */
  follow(projectId: string, listener: Listener): void {
    this.unfollow()
    this.#followed = { projectId, listener, follower: new Follower(listener) }
    if (!this.#socket.connected) return
    // Waits until the server confirms the join.
    this.link.value = { state: 'connecting' }
    void this.#join()
  }

  unfollow(): void {
    const before = this.#followed?.projectId
    this.#followed = undefined
    clearTimeout(this.#paging)
    this.#paging = undefined
    if (before === undefined || !this.#socket.connected) return
    this.#socket.emit('leave_project', { project_id: before })
    // Stops waiting for a pending join.
    this.link.value = { state: 'live' }
  }

  #lost(cause: string | undefined, attempt = 0): void {
    const before = this.link.value
    const known = before.state === 'lost' ? before : { attempt: 0, cause: '' }
    this.link.value = { state: 'lost', attempt: Math.max(attempt, known.attempt), cause: cause ?? known.cause }
  }

  #again(): void {
    setTimeout(() => this.#isClosed || this.#socket.connect(), RETRY)
  }

  async #join(): Promise<void> {
    const followed = this.#followed
    if (!followed) {
      this.link.value = { state: 'live' }
      return
    }
    const answer = await this.#ask('join_project', { project_id: followed.projectId })
    if (this.#followed !== followed || !answer || answer.ok) return
    if (answer.code === 'access_denied' || answer.code === 'project_not_found') {
      this.link.value = { state: 'live' }
      followed.listener.denied(answer.message ?? 'The project can’t be followed')
      return
    }
    setTimeout(() => this.#followed === followed && void this.#join(), pause(answer))
  }

  /** `undefined` if the connection was lost; the next one then repeats everything. */
  async #ask(event: string, payload: object): Promise<Answer | undefined> {
    const connection = this.#socket.id
    let answer: Answer
    try {
      answer = (await this.#socket.timeout(ANSWER_TIMEOUT).emitWithAck(event, payload)) as Answer
    } catch {
      answer = { ok: false, code: 'timeout' }
    }
    return this.#socket.connected && this.#socket.id === connection ? answer : undefined
  }

  #received(event: string, data: unknown): void {
    const followed = this.#followed
    if (event === 'authentication_failed') this.onSignedOut()
    if (!followed || typeof data !== 'object' || data === null) return
    const { project_id, event_id } = data as { project_id?: unknown; event_id?: unknown }
    if (project_id !== followed.projectId) return
    if (event === 'joined_project') {
      const { log } = data as { log?: unknown }
      followed.follower.joined(String(log), Number(event_id))
      this.link.value = { state: 'live' }
      followed.listener.joined()
      this.#pages(0)
    } else if (event === 'project_access_denied') {
      followed.listener.denied(String((data as { message?: unknown }).message))
    } else if (event === 'stats_update') {
      followed.listener.stats(data as StatsUpdate)
    } else if (typeof event_id === 'number') {
      followed.follower.live({ event, data } as Logged)
      this.#pages(Math.max(HOLE_WAIT, this.#lastPage + PAGE_PAUSE - Date.now()))
    }
  }

  /** Requests the follower's missing events after this many milliseconds. */
  #pages(wait: number): void {
    if (this.#followed?.follower.wants === undefined) return
    if (wait > 0 && this.#paging !== undefined) return
    clearTimeout(this.#paging)
    this.#paging = setTimeout(() => void this.#page(), wait)
  }

  async #page(): Promise<void> {
    this.#paging = undefined
    const followed = this.#followed
    const after = followed?.follower.wants
    if (!followed || after === undefined || !this.#socket.connected) return
    followed.follower.asked()
    this.#lastPage = Date.now()
    const answer = await this.#ask('replay_events', { project_id: followed.projectId, after })
    if (this.#followed !== followed || !answer) return
    if ('events' in answer) {
      followed.follower.page(answer as unknown as Page)
      this.#pages(0)
    } else {
      followed.follower.refused()
      this.#pages(pause(answer))
    }
  }
}

function pause(answer: Answer): number {
  return answer.retry_after === undefined ? RETRY : answer.retry_after * 1000
}

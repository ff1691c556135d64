// The page's only Socket.IO connection: unmodified socket.io-client, with replays from the server's event log.

import { type Signal, signal } from '@preact/signals'
import { io, type Socket } from 'socket.io-client'
import type { StatsUpdate } from '../api/types.ts'
import { type EventSink, Follower, type LoggedEvent, type ReplayPage } from './follower.ts'

/**
 * State of the connection. `live` means that the page receives new events of the followed project, if it follows one
 * and was not denied access.
 */
export type LinkStatus = { state: 'connecting' } | { state: 'live' } | { state: 'lost'; attempt: number; cause: string }

/** Receives the followed project's events and statistics, and is notified when it is joined or access is denied. */
export interface Listener extends EventSink {
  /** Called after the first join, and after the join that follows each interruption. */
  onJoined(): void
  onStats(update: StatsUpdate): void
  /** Called if the project can't be followed, or can no longer be followed. */
  onDenied(message: string): void
}

interface FollowedProject {
  projectId: string
  follower: Follower
  listener: Listener
}

/**
 * The server's acknowledgement of an event that the page emitted. If the server refused the event or did not answer in
 * time, `code` is set.
 */
interface Acknowledgement {
  ok?: boolean
  code?: string
  message?: string
  error?: string
  retry_after?: number
}

const ACKNOWLEDGEMENT_TIMEOUT = 10_000
const HEARTBEAT_INTERVAL = 30_000
/** Delay in milliseconds before the page requests the events of a hole. Usually, they arrive by then. */
const HOLE_DELAY = 250
/**
 * Minimum interval in milliseconds between a request for missing events and the next request that a live event causes.
 * The server limits the rate of requests.
 */
const PAGE_PAUSE = 1000
/**
 * Delay in milliseconds before a retry after the server closed or refused the connection, did not answer a request in
 * time, or refused a request without specifying a delay.
 */
const RETRY_DELAY = 3000

export class Connection {
  readonly link: Signal<LinkStatus> = signal<LinkStatus>({ state: 'connecting' })
  readonly #socket: Socket
  #followed: FollowedProject | undefined
  #pageTimer: ReturnType<typeof setTimeout> | undefined
  #lastRequestAt = 0
  #isClosed = false

  constructor(private readonly onSignedOut: () => void) {
    const options = { transports: ['websocket', 'polling'], tryAllTransports: true, reconnectionDelayMax: 10_000 }
    this.#socket = io({ ...options, autoConnect: false })
    this.#socket.on('connect', () => void this.#joinProject())
    this.#socket.on('disconnect', (reason) => {
      this.#setLost(reason)
      // socket.io-client does not reconnect if the server disconnected it.
      if (!this.#socket.active) this.#reconnectLater()
    })
    this.#socket.on('connect_error', (error) => {
      this.#setLost(error.message)
      if (this.#socket.active) return
      if (error.message.startsWith('Authentication failed')) this.onSignedOut()
      else this.#reconnectLater()
    })
    this.#socket.io.on('reconnect_attempt', (attempt) => this.#setLost(undefined, attempt))
    this.#socket.onAny((event: string, data: unknown) => this.#handleEvent(event, data))
    setInterval(() => this.#socket.connected && this.#socket.emit('heartbeat'), HEARTBEAT_INTERVAL)
  }

  open(): void {
    this.#socket.connect()
  }

  /** Closes the connection permanently. Must be called when the user is signed out. */
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
    // The state becomes `live` when the server confirms or denies the join.
    this.link.value = { state: 'connecting' }
    void this.#joinProject()
  }

  unfollow(): void {
    const before = this.#followed?.projectId
    this.#followed = undefined
    clearTimeout(this.#pageTimer)
    this.#pageTimer = undefined
    if (before === undefined || !this.#socket.connected) return
    this.#socket.emit('leave_project', { project_id: before })
    // No join is pending any more.
    this.link.value = { state: 'live' }
  }

  #setLost(cause: string | undefined, attempt = 0): void {
    const before = this.link.value
    const known = before.state === 'lost' ? before : { attempt: 0, cause: '' }
    this.link.value = { state: 'lost', attempt: Math.max(attempt, known.attempt), cause: cause ?? known.cause }
  }

  #reconnectLater(): void {
    setTimeout(() => this.#isClosed || this.#socket.connect(), RETRY_DELAY)
  }

  async #joinProject(): Promise<void> {
    const followed = this.#followed
    if (!followed) {
      this.link.value = { state: 'live' }
      return
    }
    const answer = await this.#emitWithAck('join_project', { project_id: followed.projectId })
    if (this.#followed !== followed || !answer || answer.ok) return
    if (answer.code === 'access_denied' || answer.code === 'project_not_found') {
      this.link.value = { state: 'live' }
      followed.listener.onDenied(answer.message ?? 'The project can’t be followed')
      return
    }
    setTimeout(() => this.#followed === followed && void this.#joinProject(), retryDelay(answer))
  }

  /**
   * Emits an event and returns the server's answer. If no answer arrives in time, returns one with the code `timeout`;
   * if the connection was lost, returns `undefined`.
   */
  async #emitWithAck(event: string, payload: object): Promise<Acknowledgement | undefined> {
    const connection = this.#socket.id
    let answer: Acknowledgement
    try {
      answer = (await this.#socket.timeout(ACKNOWLEDGEMENT_TIMEOUT).emitWithAck(event, payload)) as Acknowledgement
    } catch {
      answer = { ok: false, code: 'timeout' }
    }
    return this.#socket.connected && this.#socket.id === connection ? answer : undefined
  }

  #handleEvent(event: string, data: unknown): void {
    const followed = this.#followed
    if (event === 'authentication_failed') this.onSignedOut()
    if (!followed || typeof data !== 'object' || data === null) return
    const { project_id, event_id } = data as { project_id?: unknown; event_id?: unknown }
    if (project_id !== followed.projectId) return
    if (event === 'joined_project') {
      const { log } = data as { log?: unknown }
      followed.follower.onJoined(String(log), Number(event_id))
      this.link.value = { state: 'live' }
      followed.listener.onJoined()
      this.#schedulePage(0)
    } else if (event === 'project_access_denied') {
      followed.listener.onDenied(String((data as { message?: unknown }).message))
    } else if (event === 'stats_update') {
      followed.listener.onStats(data as StatsUpdate)
    } else if (typeof event_id === 'number') {
      followed.follower.addLive({ event, data } as LoggedEvent)
      this.#schedulePage(Math.max(HOLE_DELAY, this.#lastRequestAt + PAGE_PAUSE - Date.now()))
    }
  }

  /** If events are missing, schedules a request for them after `delay` milliseconds. */
  #schedulePage(delay: number): void {
    if (this.#followed?.follower.nextPageAfter === undefined) return
    if (delay > 0 && this.#pageTimer !== undefined) return
    clearTimeout(this.#pageTimer)
    this.#pageTimer = setTimeout(() => void this.#requestPage(), delay)
  }

  async #requestPage(): Promise<void> {
    this.#pageTimer = undefined
    const followed = this.#followed
    const after = followed?.follower.nextPageAfter
    if (!followed || after === undefined || !this.#socket.connected) return
    followed.follower.onPageRequested()
    this.#lastRequestAt = Date.now()
    const answer = await this.#emitWithAck('replay_events', { project_id: followed.projectId, after })
    if (this.#followed !== followed || !answer) return
    if ('events' in answer) {
      followed.follower.addPage(answer as unknown as ReplayPage)
      this.#schedulePage(0)
    } else {
      followed.follower.onPageRefused()
      this.#schedulePage(retryDelay(answer))
    }
  }
}

function retryDelay(answer: Acknowledgement): number {
  return answer.retry_after === undefined ? RETRY_DELAY : answer.retry_after * 1000
}

/**
 * NestJS-style service. As a provider in NestJS, the class needs `@Injectable()`; NestJS then calls `onModuleInit` and,
 * after `app.enableShutdownHooks()`, `onApplicationShutdown`. `decisions$` passes decisions and gaps on to other
 * services, and may be any object with a `next` method, such as an RxJS `Subject`.
 */

import { Client, type ClientOptions, type Gap, type Moderation, type ModerationUpdate } from 'automoderate'

export interface ModerationConfig {
  url: string
  projectId: string
  options: ClientOptions
  /** Storage for the cursor, from which the service resumes after a restart. */
  cursor?: { load(): Promise<string | null>; save(cursor: string): Promise<void> }
}

export interface Subject<T> {
  next(value: T): void
}

export class ModerationService {
  readonly #config: ModerationConfig
  readonly #decisions: Subject<ModerationUpdate | Gap>
  readonly #stopping = new AbortController()
  #client: Client | undefined
  #relaying: Promise<void> | undefined

  constructor(config: ModerationConfig, decisions$: Subject<ModerationUpdate | Gap>) {
    this.#config = config
    this.#decisions = decisions$
  }

  async onModuleInit(): Promise<void> {
    const { url, options, projectId, cursor } = this.#config
    this.#client = await Client.connect(url, options)
    const project = await this.#client.join(projectId, { after: (await cursor?.load()) ?? null })
    const events = project.events({ signal: this.#stopping.signal })
    this.#relaying = (async () => {
      for await (const event of events) {
        if (event.event === 'moderation_update' || event.event === 'gap') this.#decisions.next(event)
        // Save the cursor only after processing the event, because a restart replays only the events after the cursor.
        if (event.meta.cursor !== null) await cursor?.save(event.meta.cursor)
      }
    })().catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) throw error
    })
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopping.abort()
    await this.#relaying
    await this.#client?.close()
  }

  /** Submits text and returns the decision. */
  async moderate(text: string, userId: string): Promise<Moderation> {
    if (this.#client === undefined) throw new Error('the service has not been started')
    return this.#client.moderate(text, { metadata: { user_id: userId } })
  }
}

/** Tests of the types, which `tsc` checks. Each line after `@ts-expect-error` must be rejected. */

import {
  AutoModerateError,
  Client,
  type ClientToServerEvents,
  type Event,
  type EventStream,
  type Moderation,
  type ModerationUpdate,
  type Rule,
  type ServerToClientEvents,
  type Snapshot,
  type State,
  type StatsUpdate,
} from '../dist/index.mjs'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(..._: Same<A, B> extends true ? [] : [never]): void {}

export async function reads(signal: AbortSignal): Promise<void> {
  await using client = await Client.connect('http://localhost:6217', {
    apiKey: 'am_…',
    reconnect: { attempts: Number.POSITIVE_INFINITY },
    heartbeatInterval: false,
    credentials: async (reason, { signal }) => (signal.aborted || reason === 'first' ? null : { session: 's' }),
    signal,
  })
  const project = await client.join('proj_1', { after: 41, signal })
  same<typeof project.cursor, string | null>()
  same<typeof client.state, State>()
  for await (const event of project.events({ signal })) {
    same<typeof event, Event>()
    switch (event.event) {
      case 'moderation_update':
        same<typeof event, ModerationUpdate>()
        if (event.status === 'approved') console.log(event.content_id, event.meta.event_id)
        break
      case 'stats_update':
        console.log(event.recent_activity[0]?.decision, event.approval_rate?.toFixed(1))
        break
      case 'rule_update':
        console.log(event.rule.type === 'ai_prompt', event.action)
        break
      case 'gap':
        console.log(event.reason, event.missed ?? 'unknown')
        break
      case 'serverError':
      case 'lagged':
      case 'malformedEvent':
      case 'system_notification':
      case 'unknownEvent':
      case 'user_activity':
        break
      default:
        same<typeof event, never>()
    }
    // @ts-expect-error not every event has a content_id
    console.log(event.content_id)
  }
  const stats = project.events('stats_update').throttle(100)
  same<typeof stats, EventStream<StatsUpdate>>()
  same<Awaited<ReturnType<typeof stats.nextBatch>>, StatsUpdate[]>()
  // @ts-expect-error there is no such kind
  project.events('statsUpdate')
  // @ts-expect-error the interval is a number
  stats.throttle('100')

  client
    .on('moderation_update', (event) => same<typeof event, ModerationUpdate>())
    .once('event', (event) => same<typeof event, Event>())
    .on('state', (state, info) => {
      same<typeof state, State>()
      console.log(info.cause?.code, info.retryIn)
    })
    .off('listenerError', console.error)
  client.on('error', (error) => same<typeof error, AutoModerateError>())
  // @ts-expect-error there is no such listener name
  client.on('disconnect', () => {})
  // @ts-expect-error a stats_update has no content
  client.on('stats_update', (event) => event.content_id)
  // @ts-expect-error the names of options are checked
  new Client('http://localhost', { apikey: 'k' })
  // @ts-expect-error the values of an option are checked
  new Client('http://localhost', { transports: 'pigeon' })
  // @ts-expect-error durations are numbers
  new Client('http://localhost', { connectTimeout: '20s' })

  same<Awaited<ReturnType<typeof client.emitWithAck>>, unknown>()
  const page = await client.emitWithAck<{ head: number }>('replay_events', {})
  same<typeof page.head, number>()
  for await (const content of client.contents({ status: 'flagged', perPage: 10, signal })) console.log(content.id)
  try {
    await client.moderate('text', { metadata: { user_id: 'u' } })
  } catch (error) {
    if (error instanceof AutoModerateError && error.code === 'rate_limited') console.log(error.retryIn?.toFixed())
    // @ts-expect-error there is no such code
    if (error instanceof AutoModerateError && error.code === 'too_many') return
  }
  for (const result of await client.moderateBatch(['text', { content: 'text' }], { idempotencyKey: 'k', signal })) {
    same<typeof result, Moderation | AutoModerateError>()
    if (result instanceof AutoModerateError) console.log(result.code)
    else same<typeof result, Moderation>()
  }
  // @ts-expect-error an item has no key of its own
  await client.moderateBatch([{ content: 'text', idempotencyKey: 'k' }])
  const snapshot = await project.snapshot({ signal })
  same<typeof snapshot, Snapshot>()
  same<typeof snapshot.rules, Rule[]>()
  await client.join('proj_1', { after: snapshot.cursor })
}

/** Typed socket of stock socket.io-client, reduced to two methods. */
interface Socket<Listen, Emit> {
  on<Name extends keyof Listen>(name: Name, listener: Listen[Name]): this
  emit<Name extends keyof Emit>(name: Name, ...args: Emit[Name] extends (...args: infer A) => void ? A : never): this
}

export function page(socket: Socket<ServerToClientEvents, ClientToServerEvents>): void {
  socket.emit('join_project', { project_id: 'proj_1' })
  socket.on('moderation_update', (data) => console.log(data.content_id, data.event_id))
  socket.on('joined_project', ({ project_id, replay }) => console.log(project_id, replay))
  socket.emit('replay_events', { project_id: 'proj_1', after: 0 }, (page) => console.log(page.events.length))
  socket.emit('heartbeat')
  // @ts-expect-error the project id is required
  socket.emit('join_project', {})
}

/** Methods of clients and projects, from connecting to closing. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { Client } from '../dist/index.mjs'
import * as clients from './support/clients.mjs'
import { startDeployed, startDocumented, startReference } from './support/servers.mjs'

test('a client connects, joins, reads, calls REST and closes', async (t) => {
  const server = await startReference(t)
  const client = await Client.connect(server.baseUrl, server.options)
  assert.equal(client.state, 'connected')
  assert.equal(await client.connect(), client)
  const project = await client.join(server.projectId)
  assert.equal(project.id, server.projectId)
  assert.equal(inspect(client), `Client { url: '${server.baseUrl}', state: 'connected' }`)
  assert.equal(
    inspect([project], { breakLength: 200 }),
    `[ Project { id: '${project.id}', cursor: '${project.cursor}' } ]`,
  )
  const [stream, updates] = [project.events(), project.events('moderation_update')]
  const decided = await client.moderate('a fine day', { metadata: { user_id: 'u' } })
  assert.equal(decided.status, 'approved')
  assert.ok(decided.moderation_results.length > 0)
  const [event] = await updates.nextBatch()
  assert.deepEqual([event.content_id, event.meta_data], [decided.content_id, { user_id: 'u' }])
  assert.equal(event.meta.project_id, server.projectId)
  assert.ok(event.meta.event_id > 0)
  assert.deepEqual(await clients.nextIds(stream, 1), [decided.content_id])
  assert.equal(project.cursor, event.meta.cursor)

  const found = await client.content(decided.content_id)
  assert.deepEqual([found.content_data, found.status], ['a fine day', 'approved'])
  assert.match(found.created_at, /^\d{4}-\d\d-\d\dT.*Z$/)
  await Promise.all(Array.from({ length: 5 }, (_, number) => client.moderate(`text ${number}`)))
  const listed = []
  for await (const content of client.contents({ perPage: 2 })) listed.push(content.content_data)
  assert.deepEqual(listed.toSorted(), ['a fine day', ...Array.from({ length: 5 }, (_, number) => `text ${number}`)])
  const page = await client.contentsPage(1, { perPage: 4, status: 'approved' })
  assert.deepEqual([page.items.length, page.page, page.hasMore], [4, 1, true])
  assert.deepEqual((await client.contentsPage(1, { status: 'rejected' })).items, [])
  assert.equal((await client.statistics()).total_content, 6)
  assert.equal(typeof (await client.health()).status, 'string')
  const { attempts, connections, events } = client.metrics()
  assert.deepEqual([attempts, connections], [1, 1])
  assert.ok(events >= 6)
  client.networkChanged()

  await project.leave()
  let rest = 0
  for await (const _ of stream) rest++
  assert.ok(rest >= 5)
  assert.equal((await updates.nextBatch(100)).length, 5)
  assert.deepEqual(await updates.nextBatch(100), [])
  await client.close()
  assert.deepEqual([client.state, client.stateInfo.cause.code], ['closed', 'closed'])
  await client.close()
})

test('streams of one kind, from the client and from the project', async (t) => {
  const server = await startDocumented(t)
  const { client, project } = await clients.join(t, server)
  const [ofClient, ofProject] = [client.events('system_notification'), project.events('system_notification')]
  await server.admin('/moderate', { content: 'text' })
  const data = { type: 'info', message: 'hello', timestamp: 'never' }
  await server.admin('/emit', { event: 'system_notification', data })
  for (const stream of [ofClient, ofProject]) {
    const event = await clients.nextEvent(stream)
    assert.deepEqual([event.event, event.message, event.timestamp], ['system_notification', 'hello', 'never'])
  }
})

test('custom events are sent and acknowledged', async (t) => {
  const server = await startReference(t)
  const { client } = await clients.join(t, server)
  await client.emit('heartbeat')
  await client.emit('heartbeat', { any: ['thing', 1, null] })
  const page = await client.emitWithAck('replay_events', { project_id: server.projectId, after: 0, limit: 1 })
  assert.ok(Array.isArray(page.events))
})

test('a client logs in with a password', async (t) => {
  const server = await startDeployed(t)
  const client = await Client.connect(server.baseUrl, { email: server.email, password: server.password })
  t.after(() => client.close())
  const project = await client.join(server.projectId)
  await server.admin('/moderate', { content: 'spamword' })
  const event = await clients.nextEvent(project.events())
  assert.deepEqual([event.event, event.status, project.cursor], ['moderation_update', 'rejected', null])
})

test('`await using` closes streams and clients, and leaves projects', async (t) => {
  const server = await startReference(t)
  const client = await Client.connect(new URL(server.baseUrl), server.options)
  const project = await client.join(server.projectId)
  const stream = project.events()
  await stream[Symbol.asyncDispose]()
  assert.deepEqual(await stream.next(), { done: true, value: undefined })
  await project[Symbol.asyncDispose]()
  await client[Symbol.asyncDispose]()
  assert.equal(client.state, 'closed')
})

test('all transports work with all locations of the API key', async (t) => {
  const server = await startReference(t)
  for (const transports of ['auto', 'websocket', 'polling']) {
    for (const apiKeyVia of ['query', 'auth', 'header']) {
      const { client, project } = await clients.join(t, server, { transports, apiKeyVia })
      const [id] = await server.submit('text')
      assert.deepEqual(await clients.nextIds(project.events(), 1), [id])
      await client.close()
    }
  }
})

test('a closed client cannot connect again', async (t) => {
  const client = await clients.connect(t, await startReference(t))
  await client.close()
  await assert.rejects(client.connect(), { code: 'closed' })
  assert.equal(client.state, 'closed')
})

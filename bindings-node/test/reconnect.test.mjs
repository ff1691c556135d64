/** Interruptions are reported, and events are recovered if the server has an event log. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { AutoModerateError, Client } from '../dist/index.mjs'
import * as clients from './support/clients.mjs'
import { makeTempFolder, startDocumented, startReference, waitUntil } from './support/servers.mjs'

const reconnect = clients.FAST_RECONNECT

test('a client reconnects after a cut, and reports it as a state change and a gap', async (t) => {
  const server = await startDocumented(t)
  const client = new Client(server.baseUrl, { ...server.options, reconnect, backfill: 'off' })
  t.after(() => client.close())
  const changes = []
  client.on('state', (state, info) => changes.push([state, info]))
  await client.connect()
  const project = await client.join(server.projectId)
  const stream = project.events()
  await server.admin('/cut')
  const gap = await clients.nextEvent(stream)
  assert.deepEqual([gap.event, gap.project_id, gap.reason], ['gap', server.projectId, 'interrupted'])
  await server.admin('/moderate', { content: 'after the cut' })
  assert.equal((await clients.nextEvent(stream)).content_preview, 'after the cut')
  await client.close()
  await waitUntil(() => changes.at(-1)[0] === 'closed', 'the last state')
  const names = changes.map(([state]) => state)
  assert.deepEqual(names.slice(0, 2), ['connecting', 'connected'])
  const [, lost] = changes.find(([state]) => state === 'reconnecting')
  assert.equal(lost.attempt, 1)
  assert.ok(lost.retryIn >= 0 && lost.retryIn < 1000)
  assert.ok(lost.cause instanceof AutoModerateError && lost.cause.code === 'disconnected')
})

test('no event is lost or repeated when a server is killed and restarted', async (t) => {
  const database = join(makeTempFolder(t), 'server.db')
  let server = await startReference(t, { database })
  const listen = new URL(server.baseUrl).host
  const { project, client } = await clients.join(t, server, { reconnect, eventBuffer: 4096 })
  const stream = project.events('moderation_update')
  const wanted = []
  const found = []
  for (let round = 0; round < 3; round++) {
    wanted.push(...(await server.submit(...Array.from({ length: 20 }, (_, number) => `${round}.${number}`))))
    if (round === 1) found.push(...(await clients.nextIds(stream, wanted.length - found.length)))
    const before = client.metrics().connections
    await server.stop('SIGKILL')
    // At another address, the server accepts an item that the client can receive only by replay.
    const elsewhere = await startReference(t, { database })
    wanted.push(...(await elsewhere.submit('while it was away')))
    await elsewhere.stop('SIGKILL')
    server = await startReference(t, { database, listen })
    await waitUntil(() => client.metrics().connections > before, 'the connection')
  }
  found.push(...(await clients.nextIds(stream, wanted.length - found.length)))
  assert.deepEqual(found, wanted)
  assert.deepEqual(stream.losses, { lagged: 0, gaps: 0 })
  assert.ok(client.metrics().replayed > 0)
})

test('a client with `reconnect: false` ends after a lost connection', async (t) => {
  const server = await startDocumented(t)
  const { client, project } = await clients.join(t, server, { reconnect: false })
  const stream = project.events('moderation_update')
  await server.admin('/cut')
  await assert.rejects(stream.next(), { code: 'disconnected' })
  assert.equal(client.stateInfo.cause.code, 'disconnected')
})

test('streams of a closed client yield their buffered events before they end', async (t) => {
  const server = await startReference(t)
  const { client, project } = await clients.join(t, server)
  const [held, waiting] = [project.events('moderation_update'), client.events('gap')]
  const end = waiting.next()
  // Readers wake only after all streams have received the event.
  const witness = project.events('moderation_update')
  const wanted = await server.submit('one', 'two')
  for (const id of wanted) assert.equal((await witness.next()).value.content_id, id)
  await client.close()
  assert.deepEqual(await end, { done: true, value: undefined })
  const found = []
  for await (const event of held) found.push(event.content_id)
  assert.deepEqual(found, wanted)
})

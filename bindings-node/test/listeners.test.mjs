/** Event listeners: adding, removing, one-time listeners, and exceptions. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Client } from '../dist/index.mjs'
import * as clients from './support/clients.mjs'
import { startDocumented, startReference, waitUntil } from './support/servers.mjs'

test('listeners receive the events of their kind in order', async (t) => {
  const server = await startReference(t)
  const client = new Client(server.baseUrl, server.options)
  t.after(() => client.close())
  const [updates, all, first, states] = [[], [], [], []]
  const chained = client
    .on('moderation_update', (event) => updates.push(event.content_id))
    .on('event', (event) => all.push(event.event))
    .once('moderation_update', (event) => first.push(event.content_id))
    .on('state', (state) => states.push(state))
  assert.equal(chained, client)
  await client.connect()
  await client.join(server.projectId)
  const wanted = await server.submit('one', 'two', 'three')
  await waitUntil(() => updates.length === 3 && all.includes('stats_update'), 'the events')
  assert.deepEqual(updates, wanted)
  assert.deepEqual(first, wanted.slice(0, 1))
  assert.equal(all.filter((name) => name === 'moderation_update').length, 3)
  await client.close()
  await waitUntil(() => states.at(-1) === 'closed', 'the end')
  assert.deepEqual(states, ['connecting', 'connected', 'closing', 'closed'])
})

test('listeners can be removed and added again', async (t) => {
  const server = await startReference(t)
  const { client } = await clients.join(t, server)
  const seen = []
  const listener = (event) => seen.push(event.content_id)
  client.addListener('moderation_update', listener).on('moderation_update', listener)
  assert.equal(client.listenerCount('moderation_update'), 2)
  const [one] = await server.submit('one')
  await waitUntil(() => seen.length === 2, 'the event')
  client.off('moderation_update', listener).removeListener('moderation_update', listener)
  client.off('moderation_update', listener)
  assert.equal(client.listenerCount('moderation_update'), 0)
  const stream = client.events('moderation_update')
  await server.submit('unheard')
  await stream.next()
  client.on('moderation_update', listener)
  const [two] = await server.submit('two')
  await waitUntil(() => seen.length === 3, 'the event')
  assert.deepEqual(seen, [one, one, two])
  client.removeAllListeners()
  client.removeAllListeners('state')
})

test('`once` of node:events works with a client', async (t) => {
  const server = await startReference(t)
  const { client } = await clients.join(t, server)
  const waiting = once(client, 'moderation_update')
  const [id] = await server.submit('one')
  const [event] = await waiting
  assert.equal(event.content_id, id)
  assert.equal(client.listenerCount('moderation_update'), 0)
})

test('`error` reports why the client ended, and needs no listener', async (t) => {
  const server = await startDocumented(t)
  const { client } = await clients.join(t, server, { reconnect: false })
  const rejected = assert.rejects(once(client, 'moderation_update'), { code: 'disconnected' })
  await server.admin('/cut')
  await rejected
})

test('exceptions of listeners become warnings or `listenerError` events, and do not crash the process', async (t) => {
  const server = await startDocumented(t)
  const { client } = await clients.join(t, server)
  const [seen, warnings, errors] = [[], [], []]
  const recordWarning = (warning) => warnings.push(warning)
  process.on('warning', recordWarning)
  t.after(() => process.off('warning', recordWarning))
  const throwError = () => {
    throw new Error('sync')
  }
  client
    .on('serverError', throwError)
    .on('serverError', async () => Promise.reject(new Error('async')))
    .on('serverError', (event) => seen.push(event.message))
  const emitErrorEvent = () => server.admin('/emit', { event: 'error', data: { message: 'no', code: 'E1' } })
  await emitErrorEvent()
  await waitUntil(() => seen.length === 1 && warnings.length === 2, 'the warnings')
  assert.ok(warnings.every((one) => one.name === 'AutoModerateListenerWarning'))
  assert.match(warnings[0].message, /sync/)
  client.on('listenerError', (error) => errors.push(error.message)).on('listenerError', throwError)
  await emitErrorEvent()
  await waitUntil(() => errors.length === 2, 'the errors')
  assert.deepEqual(errors, ['sync', 'async'])
  await waitUntil(() => warnings.length === 4, 'the warnings about the listenerError listener')
  assert.equal(seen.length, 2)
})

test('the server’s `error` event does not crash the process', async (t) => {
  const server = await startDocumented(t)
  const { client } = await clients.join(t, server)
  // No listener or loop in this test receives the `serverError`.
  client.on('moderation_update', () => {})
  for (const event of ['error', 'nonsense']) {
    await server.admin('/emit', { event, data: 'bad', project_id: server.projectId })
  }
  const [update] = await Promise.all([once(client, 'moderation_update'), server.admin('/moderate', { content: 'x' })])
  assert.equal(update[0].content_preview, 'x')
})

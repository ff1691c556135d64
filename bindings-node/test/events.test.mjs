/** Events as plain objects, compared with the golden files that all languages share. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, escapeHtml } from '../dist/index.mjs'
import { Server } from '../dist/testing.mjs'
import * as clients from './support/clients.mjs'
import { ROOT, startDocumented, startGolden, waitUntil } from './support/servers.mjs'

const NAMES_BY_FILE = {
  moderation_update: 'moderation_update',
  stats_update: 'stats_update',
  rule_update: 'rule_update',
  system_notification: 'system_notification',
  user_activity: 'user_activity',
  server_error: 'serverError',
  unknown_event: 'unknownEvent',
  malformed_event: 'malformedEvent',
}

test('packets are decoded to the events that the golden files expect', async (t) => {
  const server = await startGolden(t)
  const client = await Client.connect(server.baseUrl, { transports: 'websocket' })
  t.after(() => client.close())
  const stream = client.events()
  for (const [file, name] of Object.entries(NAMES_BY_FILE)) {
    const cases = JSON.parse(readFileSync(join(ROOT, 'core/tests/golden', `${file}.json`), 'utf8'))
    assert.ok(cases.length > 0)
    await client.emit('play', file)
    for (const { name: title, expect } of cases) {
      const event = await clients.nextEvent(stream)
      const { received_at: received, ...meta } = event.meta
      assert.ok(received.endsWith('Z') && Math.abs(Date.now() - Date.parse(received)) < 60_000, received)
      assert.deepEqual({ ...event, meta }, { ...expect, event: name }, `${file}: ${title}`)
      assert.equal(Object.getPrototypeOf(event), Object.prototype)
      assert.deepEqual(structuredClone(event), event)
    }
  }
})

test('events in a batch equal events that arrive one by one', async (t) => {
  const server = new Server()
  t.after(() => server.close())
  const client = await Client.connect(server.url)
  t.after(() => client.close())
  const stream = (await client.join('p')).events()
  const makeUpdate = (number) => ({
    content_id: `c${number}`,
    status: 'approved',
    content_preview: number % 5 === 0 ? 'plain' : 'né “…” 😀',
    meta_data: number % 3 === 0 ? null : { number },
    ...(number % 7 === 0 ? { unknown: number } : {}),
  })
  const alone = []
  for (let number = 0; number < 40; number++) {
    server.publish('p', 'moderation_update', makeUpdate(number))
    alone.push(await clients.nextEvent(stream))
  }
  for (let number = 0; number < 40; number++) server.publish('p', 'moderation_update', makeUpdate(number))
  server.publish('p', 'stats_update', { total_content: 80 })
  const together = []
  while (together.length < 41) together.push(...(await stream.nextBatch()))
  assert.equal(together.pop().event, 'stats_update')
  for (const [number, event] of together.entries()) {
    const before = alone[number]
    // An event must have the same fields in the same order, however its batch was encoded.
    const { event_id, received_at, cursor, ...meta } = event.meta
    assert.equal(event_id, 41 + number)
    assert.ok(cursor.endsWith(`:${event_id}`), cursor)
    const times = [before.meta.received_at, received_at].map(Date.parse)
    assert.ok(times[0] <= times[1] && times[1] <= Date.now(), received_at)
    const same = { ...event, meta: { ...before.meta, ...meta } }
    assert.equal(JSON.stringify(same), JSON.stringify(before))
    assert.equal(event.extra?.unknown, makeUpdate(number).unknown)
    assert.deepEqual(
      [event.content_preview, event.meta_data],
      [makeUpdate(number).content_preview, makeUpdate(number).meta_data],
    )
  }
})

test('timestamps without a time zone are read as UTC', async (t) => {
  const server = await startDocumented(t)
  const { client, project } = await clients.join(t, server)
  const stream = project.events('moderation_update')
  for (const [sent, instant] of [
    ['2026-11-22T12:39:46.406078', Date.UTC(2026, 10, 22, 12, 39, 46, 406)],
    ['2024-01-15T12:30:00+02:00', Date.UTC(2024, 0, 15, 10, 30)],
  ]) {
    const data = { content_id: 'c', status: 'approved', project_id: server.projectId, timestamp: sent }
    await server.admin('/emit', { event: 'moderation_update', data, project_id: server.projectId })
    const { timestamp } = await clients.nextEvent(stream)
    assert.match(timestamp, /Z$/)
    assert.equal(new Date(timestamp).getTime(), instant)
  }
  await client.close()
})

test('a reader that is too slow receives `lagged`', async (t) => {
  const server = await startDocumented(t)
  const { client, project } = await clients.join(t, server, { eventBuffer: 4 })
  const [all, counted] = [project.events(), project.events('stats_update')]
  for (let total = 0; total < 20; total++) {
    const data = { total_content: total, project_id: server.projectId }
    await server.admin('/emit', { event: 'stats_update', data, project_id: server.projectId })
  }
  await waitUntil(() => client.metrics().events === 20, 'the events')
  const [lagged, ...kept] = await all.nextBatch(10)
  assert.equal(lagged.event, 'lagged')
  assert.deepEqual([lagged.missed, kept.length], [16, 4])
  assert.deepEqual(
    (await counted.nextBatch(10)).map((event) => event.total_content),
    [16, 17, 18, 19],
  )
  assert.deepEqual(counted.losses, { lagged: 16, gaps: 0 })
})

test('escapeHtml escapes previews', () => {
  assert.equal(escapeHtml(`<b a="x" b='y'>&</b>`), '&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;&lt;/b&gt;')
})

test('text in any script arrives unchanged', async (t) => {
  const server = await startDocumented(t)
  const { project } = await clients.join(t, server)
  const stream = project.events('moderation_update')
  const repeat200 = (text) => text.repeat(200)
  for (const text of [
    'plain',
    'a lonely é',
    '…',
    '😀',
    repeat200('Привет, мир! '),
    repeat200('漢字'),
    repeat200('😀é'),
    'x'.repeat(63) + 'é'.repeat(3),
  ]) {
    const data = { content_id: text, status: 'approved', meta_data: { [text]: text }, project_id: server.projectId }
    await server.admin('/emit', { event: 'moderation_update', data, project_id: server.projectId })
    const event = await clients.nextEvent(stream)
    assert.deepEqual([event.content_id, event.meta_data], [text, { [text]: text }])
  }
})

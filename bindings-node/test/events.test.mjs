/** Every kind of event as a plain object: the golden files that all languages read. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Client, escapeHtml } from '../dist/index.mjs'
import { Server } from '../dist/testing.mjs'
import * as reading from './support/reading.mjs'
import { asgi, eventually, golden, ROOT } from './support/servers.mjs'

const KINDS = {
  moderation_update: 'moderation_update',
  stats_update: 'stats_update',
  rule_update: 'rule_update',
  system_notification: 'system_notification',
  user_activity: 'user_activity',
  server_error: 'serverError',
  unknown_event: 'unknownEvent',
  malformed_event: 'malformedEvent',
}

test('packets become the events that the golden files expect', async (t) => {
  const server = await golden(t)
  const client = await Client.connect(server.baseUrl, { transports: 'websocket' })
  t.after(() => client.close())
  const stream = client.events()
  for (const [file, name] of Object.entries(KINDS)) {
    const cases = JSON.parse(readFileSync(join(ROOT, 'core/tests/golden', `${file}.json`), 'utf8'))
    assert.ok(cases.length > 0)
    await client.emit('play', file)
    for (const { name: title, expect } of cases) {
      const event = await reading.next(stream)
      const { received_at: received, ...meta } = event.meta
      assert.ok(received.endsWith('Z') && Math.abs(Date.now() - Date.parse(received)) < 60_000, received)
      assert.deepEqual({ ...event, meta }, { ...expect, event: name }, `${file}: ${title}`)
      assert.equal(Object.getPrototypeOf(event), Object.prototype)
      assert.deepEqual(structuredClone(event), event)
    }
  }
})

test('events that come together are as those that come alone', async (t) => {
  const server = new Server()
  t.after(() => server.close())
  const client = await Client.connect(server.url)
  t.after(() => client.close())
  const stream = (await client.join('p')).events()
  const data = (number) => ({
    content_id: `c${number}`,
    status: 'approved',
    content_preview: number % 5 === 0 ? 'plain' : 'né “…” 😀',
    meta_data: number % 3 === 0 ? null : { number },
    ...(number % 7 === 0 ? { unknown: number } : {}),
  })
  const alone = []
  for (let number = 0; number < 40; number++) {
    server.publish('p', 'moderation_update', data(number))
    alone.push(await reading.next(stream))
  }
  for (let number = 0; number < 40; number++) server.publish('p', 'moderation_update', data(number))
  server.publish('p', 'stats_update', { total_content: 80 })
  const together = []
  while (together.length < 41) together.push(...(await stream.nextBatch()))
  assert.equal(together.pop().event, 'stats_update')
  for (const [number, event] of together.entries()) {
    const before = alone[number]
    // The same fields in the same order.
    const { event_id, received_at, cursor, ...meta } = event.meta
    assert.equal(event_id, 41 + number)
    assert.ok(cursor.endsWith(`:${event_id}`), cursor)
    const times = [before.meta.received_at, received_at].map(Date.parse)
    assert.ok(times[0] <= times[1] && times[1] <= Date.now(), received_at)
    const same = { ...event, meta: { ...before.meta, ...meta } }
    assert.equal(JSON.stringify(same), JSON.stringify(before))
    assert.equal(event.extra?.unknown, data(number).unknown)
    assert.deepEqual([event.content_preview, event.meta_data], [data(number).content_preview, data(number).meta_data])
  }
})

test('timestamps of servers without a zone are not taken for local time', async (t) => {
  const server = await asgi(t)
  const { client, project } = await reading.join(t, server)
  const stream = project.events('moderation_update')
  for (const [sent, instant] of [
    ['2026-11-22T12:39:46.406078', Date.UTC(2026, 10, 22, 12, 39, 46, 406)],
    ['2024-01-15T12:30:00+02:00', Date.UTC(2024, 0, 15, 10, 30)],
  ]) {
    const data = { content_id: 'c', status: 'approved', project_id: server.projectId, timestamp: sent }
    await server.admin('/emit', { event: 'moderation_update', data, project_id: server.projectId })
    const { timestamp } = await reading.next(stream)
    assert.match(timestamp, /Z$/)
    assert.equal(new Date(timestamp).getTime(), instant)
  }
  await client.close()
})

test('a reader that is too slow is told', async (t) => {
  const server = await asgi(t)
  const { client, project } = await reading.join(t, server, { eventBuffer: 4 })
  const [all, counted] = [project.events(), project.events('stats_update')]
  for (let total = 0; total < 20; total++) {
    const data = { total_content: total, project_id: server.projectId }
    await server.admin('/emit', { event: 'stats_update', data, project_id: server.projectId })
  }
  await eventually(() => client.metrics().events === 20, 'the events')
  const [lagged, ...kept] = await all.nextBatch(10)
  assert.equal(lagged.event, 'lagged')
  assert.deepEqual([lagged.missed, kept.length], [16, 4])
  assert.deepEqual(
    (await counted.nextBatch(10)).map((event) => event.total_content),
    [16, 17, 18, 19],
  )
  assert.deepEqual(counted.losses, { lagged: 16, gaps: 0 })
})

test('previews are escaped for a page', () => {
  assert.equal(escapeHtml(`<b a="x" b='y'>&</b>`), '&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;&lt;/b&gt;')
})

test('text arrives as it was, whatever its alphabet', async (t) => {
  const server = await asgi(t)
  const { project } = await reading.join(t, server)
  const stream = project.events('moderation_update')
  const many = (text) => text.repeat(200)
  for (const text of [
    'plain',
    'a lonely é',
    '…',
    '😀',
    many('Привет, мир! '),
    many('漢字'),
    many('😀é'),
    'x'.repeat(63) + 'é'.repeat(3),
  ]) {
    const data = { content_id: text, status: 'approved', meta_data: { [text]: text }, project_id: server.projectId }
    await server.admin('/emit', { event: 'moderation_update', data, project_id: server.projectId })
    const event = await reading.next(stream)
    assert.deepEqual([event.content_id, event.meta_data], [text, { [text]: text }])
  }
})

/** Batches of submissions return one result for each item. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AutoModerateError, Client } from 'automoderate'
import { Server } from 'automoderate/testing'
import { startReference } from './support/servers.mjs'

/** Starts a reference server, and creates a client for it. */
async function makeClient(t) {
  const server = await startReference(t)
  return new Client(server.baseUrl, server.options)
}

const contentIds = (results) => results.map((result) => result.content_id)

test('a batch returns one result for each item, in order', async (t) => {
  const client = await makeClient(t)
  const metadata = { user_id: 'u' }
  const results = await client.moderateBatch(['a fine day', '', { content: 'free money', type: 'text', metadata }])
  assert.deepEqual(
    results.map((result) => result.status),
    ['approved', undefined, 'rejected'],
  )
  assert.ok(results[0].moderation_results.length > 0)
  const refusal = results[1]
  assert.ok(refusal instanceof AutoModerateError)
  assert.deepEqual([refusal.code, refusal.retryable], ['api', false])
  assert.match(refusal.message, /content/)
  const stored = await client.content(results[2].content_id)
  assert.deepEqual([stored.content_data, stored.meta_data], ['free money', metadata])
  assert.equal((await client.statistics()).total_content, 2)
})

test('the items can come from any iterable', async (t) => {
  const client = await makeClient(t)
  function* generate() {
    yield 'one'
    yield { content: 'two' }
  }
  for (const items of [generate(), new Set(['one', 'two'])]) {
    const [first, second] = contentIds(await client.moderateBatch(items))
    assert.equal((await client.content(first)).content_data, 'one')
    assert.equal((await client.content(second)).content_data, 'two')
  }
  assert.deepEqual(await client.moderateBatch([]), [])
})

test('a batch of several requests is stored once, even if it is repeated', async (t) => {
  const client = await makeClient(t)
  const items = Array.from({ length: 150 }, (_, number) => `text ${number}`)
  const options = { idempotencyKey: 'import-7' }
  const first = contentIds(await client.moderateBatch(items, options))
  const second = contentIds(await client.moderateBatch(items, options))
  assert.deepEqual(second, first)
  assert.equal(new Set(first).size, items.length)
  assert.equal((await client.content(first[120])).content_data, 'text 120')
  assert.equal((await client.statistics()).total_content, items.length)
  await assert.rejects(client.moderateBatch(['another text'], options), { code: 'api', status: 422 })
  assert.notDeepEqual(contentIds(await client.moderateBatch(items)), first)
})

test('a server without batches receives the items one by one', async (t) => {
  const server = new Server()
  t.after(() => server.close())
  const client = new Client(server.url, { apiKey: 'any' })
  const [items, options] = [['one', 'two', 'three'], { idempotencyKey: 'import-7' }]
  const first = contentIds(await client.moderateBatch(items, options))
  assert.equal((await client.content(first[2])).content_data, 'three')
  assert.deepEqual(contentIds(await client.moderateBatch(items, options)), first)
  assert.equal((await client.statistics()).total_content, 3)
})

test('a batch rejects if its first request fails', async (t) => {
  const server = new Server()
  t.after(() => server.close())
  const client = new Client(server.url, { apiKey: 'any' })
  server.refuseCredentials()
  await assert.rejects(client.moderateBatch(['one', 'two']), { code: 'authentication_failed' })
})

test('an invalid item is refused before anything is sent', async (t) => {
  const client = await makeClient(t)
  for (const invalid of [7, null, ['x'], {}, { content: 1 }, { content: 'x', meta_data: {} }]) {
    await assert.rejects(client.moderateBatch(['x', invalid]), {
      name: 'TypeError',
      code: 'invalid_argument',
      message: /^items\[1\]/,
    })
  }
  for (const idempotencyKey of ['', 'two words', 'ü', 'k'.repeat(241)]) {
    await assert.rejects(client.moderateBatch(['x'], { idempotencyKey }), {
      name: 'TypeError',
      message: /^idempotencyKey: /,
    })
  }
  assert.equal((await client.statistics()).total_content, 0)
})

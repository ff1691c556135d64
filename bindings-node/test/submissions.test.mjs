/** Submissions: without an answer the outcome is unknown, and a repeated key is the same submission. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'automoderate'
import { Server } from 'automoderate/testing'

function start(t) {
  const server = new Server()
  t.after(() => server.close())
  return server
}

test('without an answer in time the outcome is unknown', async (t) => {
  const server = start(t)
  const client = new Client(server.url, { apiKey: 'any', requestTimeout: 200 })
  server.setSilent(true)
  await assert.rejects(client.moderate('text'), {
    code: 'disconnected',
    retryable: false,
    message: /the outcome is unknown/,
  })
  server.setSilent(false)
  // It was carried out.
  assert.equal((await client.statistics()).total_content, 1)
})

test('the same key is the same submission', async (t) => {
  const client = new Client(start(t).url, { apiKey: 'any' })
  const options = { metadata: { order: 7 }, idempotencyKey: 'order-7' }
  const first = await client.moderate('text', options)
  assert.deepEqual(await client.moderate('text', options), first)
  await assert.rejects(client.moderate('another text', options), { code: 'api', status: 422 })
  assert.notEqual((await client.moderate('text')).content_id, first.content_id)
  assert.equal((await client.statistics()).total_content, 2)
})

test("a key that can't be sent is named", async () => {
  const client = new Client('http://localhost:1')
  for (const idempotencyKey of ['', 'two words', 'ü', 'k'.repeat(256), 7]) {
    await assert.rejects(client.moderate('text', { idempotencyKey }), {
      name: 'TypeError',
      message: /^idempotency_?key/i,
    })
  }
})

/** Submissions: timeouts and idempotency keys. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'automoderate'
import { Server } from 'automoderate/testing'

function startServer(t) {
  const server = new Server()
  t.after(() => server.close())
  return server
}

test('a submission that times out has an unknown outcome', async (t) => {
  const server = startServer(t)
  const client = new Client(server.url, { apiKey: 'any', requestTimeout: 200 })
  server.setSilent(true)
  await assert.rejects(client.moderate('text'), {
    code: 'disconnected',
    retryable: false,
    message: /the outcome is unknown/,
  })
  server.setSilent(false)
  // The server has processed the submission, although the call failed.
  assert.equal((await client.statistics()).total_content, 1)
})

test('submissions with the same idempotency key count as one', async (t) => {
  const client = new Client(startServer(t).url, { apiKey: 'any' })
  const options = { metadata: { order: 7 }, idempotencyKey: 'order-7' }
  const first = await client.moderate('text', options)
  assert.deepEqual(await client.moderate('text', options), first)
  await assert.rejects(client.moderate('another text', options), { code: 'api', status: 422 })
  assert.notEqual((await client.moderate('text')).content_id, first.content_id)
  assert.equal((await client.statistics()).total_content, 2)
})

test('an invalid idempotency key throws an error that names it', async () => {
  const client = new Client('http://localhost:1')
  for (const idempotencyKey of ['', 'two words', 'ü', 'k'.repeat(256), 7]) {
    await assert.rejects(client.moderate('text', { idempotencyKey }), {
      name: 'TypeError',
      message: /^idempotency_?key/i,
    })
  }
})

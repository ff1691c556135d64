/** Errors have codes, causes and a `retryable` flag, and contain no secrets. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { AutoModerateError, Client } from '../dist/index.mjs'
import { connect, FAST_RECONNECT, join as joined } from './support/clients.mjs'
import { ROOT, startDocumented, startReference } from './support/servers.mjs'

const GOLDEN = JSON.parse(readFileSync(join(ROOT, 'core/tests/golden/errors.json'), 'utf8'))

async function expectFailure(promise, code) {
  try {
    await promise
  } catch (error) {
    assert.equal(error.code, code, inspect(error))
    assert.ok(error instanceof AutoModerateError && error instanceof Error)
    assert.ok(code in GOLDEN, code)
    if (code !== 'api') assert.equal(error.retryable, GOLDEN[code].retryable, code)
    return error
  }
  return assert.fail(`the call did not fail with ${code}`)
}

test('each failure has its error code', async (t) => {
  const [server, other] = [await startReference(t), await startDocumented(t)]
  const refused = await expectFailure(Client.connect(server.baseUrl, { apiKey: 'am_wrong' }), 'authentication_failed')
  assert.equal(refused.name, 'AutoModerateError')
  assert.doesNotMatch(inspect(refused), /am_wrong/)
  assert.match(refused.stack, /errors\.test\.mjs/)
  const unreachable = await expectFailure(Client.connect('http://127.0.0.1:9', { apiKey: 'k' }), 'connect_failed')
  assert.equal(unreachable.stage, 'network')
  const client = await connect(t, other, { joinTimeout: 200, ackTimeout: 200 })
  await expectFailure(client.join(other.otherProjectId), 'access_denied')
  await other.admin('/joins', { silent: true })
  await expectFailure(client.join(other.projectId), 'join_timeout')
  await expectFailure(client.emitWithAck('nobody_answers', { x: 1 }), 'ack_timeout')
  const missing = await expectFailure(client.content('nothing'), 'api')
  assert.deepEqual([missing.status, typeof missing.body], [404, 'string'])
  await client.close()
  await expectFailure(client.join('p'), 'closed')
  await expectFailure(client.emit('x'), 'closed')
  const idle = new Client(server.baseUrl, server.options)
  assert.equal(idle.state, 'idle')
  await expectFailure(idle.emit('x'), 'disconnected')
})

test('the event limit rejects with `rate_limited` and `retryIn`', async (t) => {
  const server = await startReference(t)
  const client = await connect(t, server, { rateLimit: 10 })
  const limited = await expectFailure(
    (async () => {
      for (let sent = 0; sent < 20; sent++) await client.emit('heartbeat', {})
    })(),
    'rate_limited',
  )
  assert.ok(limited.retryIn > 100 && limited.retryIn <= 61_000, String(limited.retryIn))
})

test('the stream ends with the cause once all attempts have failed', async (t) => {
  const server = await startDocumented(t)
  const reconnect = { delay: 10, maxDelay: 20, attempts: 2, maxAttemptsPerMinute: 600 }
  const { client, project } = await joined(t, server, { reconnect, backfill: 'off' })
  const stream = project.events('moderation_update')
  const both = [expectFailure(stream.next(), 'gave_up'), stream.nextBatch(5)]
  await server.stop('SIGKILL')
  const [gaveUp, rest] = await Promise.all(both)
  assert.deepEqual(rest, [])
  assert.equal(gaveUp.attempts, 2)
  assert.ok(gaveUp.cause instanceof AutoModerateError)
  assert.ok(!Object.keys(gaveUp).includes('cause'))
  assert.deepEqual(await stream.next(), { done: true, value: undefined })
  assert.equal(client.state, 'closed')
  assert.equal(client.stateInfo.cause.code, 'gave_up')
  // A stream that is opened later throws the same error.
  await expectFailure(project.events().next(), 'gave_up')
})

test('withdrawn access ends the stream', async (t) => {
  const server = await startDocumented(t)
  const { project } = await joined(t, server, { reconnect: FAST_RECONNECT, backfill: 'off' })
  const stream = project.events('moderation_update')
  await server.admin('/access', { project_id: server.projectId, member: false })
  await server.admin('/cut')
  await expectFailure(stream.next(), 'access_denied')
})

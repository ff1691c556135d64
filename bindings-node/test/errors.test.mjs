/** Errors: codes, whether a retry can help, causes, and no secrets. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { AutoModerateError, Client } from '../dist/index.mjs'
import { connect, join as joined, QUICK } from './support/reading.mjs'
import { asgi, ROOT, reference } from './support/servers.mjs'

const GOLDEN = JSON.parse(readFileSync(join(ROOT, 'core/tests/golden/errors.json'), 'utf8'))

async function failure(promise, code) {
  try {
    await promise
  } catch (error) {
    assert.equal(error.code, code, inspect(error))
    assert.ok(error instanceof AutoModerateError && error instanceof Error)
    assert.ok(code in GOLDEN, code)
    if (code !== 'api') assert.equal(error.retryable, GOLDEN[code].retryable, code)
    return error
  }
  return assert.fail(`it should have failed with ${code}`)
}

test('errors have their codes', async (t) => {
  const [server, other] = [await reference(t), await asgi(t)]
  const refused = await failure(Client.connect(server.baseUrl, { apiKey: 'am_wrong' }), 'authentication_failed')
  assert.equal(refused.name, 'AutoModerateError')
  assert.doesNotMatch(inspect(refused), /am_wrong/)
  assert.match(refused.stack, /errors\.test\.mjs/)
  const unreachable = await failure(Client.connect('http://127.0.0.1:9', { apiKey: 'k' }), 'connect_failed')
  assert.equal(unreachable.stage, 'network')
  const client = await connect(t, other, { joinTimeout: 200, ackTimeout: 200 })
  await failure(client.join(other.otherProjectId), 'access_denied')
  await other.admin('/joins', { silent: true })
  await failure(client.join(other.projectId), 'join_timeout')
  await failure(client.emitWithAck('nobody_answers', { x: 1 }), 'ack_timeout')
  const missing = await failure(client.content('nothing'), 'api')
  assert.deepEqual([missing.status, typeof missing.body], [404, 'string'])
  await client.close()
  await failure(client.join('p'), 'closed')
  await failure(client.emit('x'), 'closed')
  const idle = new Client(server.baseUrl, server.options)
  assert.equal(idle.state, 'idle')
  await failure(idle.emit('x'), 'disconnected')
})

test('the budget of events is told', async (t) => {
  const server = await reference(t)
  const client = await connect(t, server, { rateLimit: 10 })
  const limited = await failure(
    (async () => {
      for (let sent = 0; sent < 20; sent++) await client.emit('heartbeat', {})
    })(),
    'rate_limited',
  )
  assert.ok(limited.retryIn > 100 && limited.retryIn <= 61_000, String(limited.retryIn))
})

test('attempts that are used up end the stream with their cause', async (t) => {
  const server = await asgi(t)
  const reconnect = { delay: 10, maxDelay: 20, attempts: 2, maxAttemptsPerMinute: 600 }
  const { client, project } = await joined(t, server, { reconnect, backfill: 'off' })
  const stream = project.events('moderation_update')
  const both = [failure(stream.next(), 'gave_up'), stream.nextBatch(5)]
  await server.stop('SIGKILL')
  const [gaveUp, rest] = await Promise.all(both)
  assert.deepEqual(rest, [])
  assert.equal(gaveUp.attempts, 2)
  assert.ok(gaveUp.cause instanceof AutoModerateError)
  assert.ok(!Object.keys(gaveUp).includes('cause'))
  assert.deepEqual(await stream.next(), { done: true, value: undefined })
  assert.equal(client.state, 'closed')
  assert.equal(client.stateInfo.cause.code, 'gave_up')
  // A late caller receives the error as well.
  await failure(project.events().next(), 'gave_up')
})

test('access that is withdrawn ends the stream', async (t) => {
  const server = await asgi(t)
  const { project } = await joined(t, server, { reconnect: QUICK, backfill: 'off' })
  const stream = project.events('moderation_update')
  await server.admin('/access', { project_id: server.projectId, member: false })
  await server.admin('/cut')
  await failure(stream.next(), 'access_denied')
})

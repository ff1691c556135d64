/** Credentials providers, which are called with a reason before every connection attempt. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { AutoModerateError, Client } from '../dist/index.mjs'
import { FAST_RECONNECT } from './support/clients.mjs'
import { startDeployed, startReference, waitUntil } from './support/servers.mjs'

const reconnect = FAST_RECONNECT

test('a provider receives the reason and may return a string, an object or a promise', async (t) => {
  const server = await startReference(t)
  const shapes = {
    text: (key) => key,
    object: (apiKey) => ({ apiKey }),
    promise: async (apiKey) => ({ apiKey }),
  }
  for (const shape of Object.values(shapes)) {
    const reasons = []
    const credentials = (reason, { signal }) => {
      assert.ok(signal instanceof AbortSignal)
      reasons.push(reason)
      return shape(reasons.length > 1 ? server.apiKey : 'am_stale')
    }
    const client = await Client.connect(server.baseUrl, { credentials, reconnect })
    await client.join(server.projectId)
    assert.deepEqual(reasons, ['first', 'rejected'])
    client.networkChanged()
    await client.close()
  }
})

test('a provider may return an email address and a password', async (t) => {
  const server = await startDeployed(t)
  const credentials = () => ({ email: server.email, password: server.password })
  const client = await Client.connect(server.baseUrl, { credentials })
  t.after(() => client.close())
  assert.equal((await client.join(server.projectId)).id, server.projectId)
})

test('a provider is called again after a lost connection', async (t) => {
  const server = await startDeployed(t)
  const reasons = []
  const credentials = async (reason) => {
    reasons.push(reason)
    return { email: server.email, password: server.password }
  }
  const client = await Client.connect(server.baseUrl, { credentials, reconnect })
  t.after(() => client.close())
  await server.admin('/cut')
  await waitUntil(() => client.metrics().connections === 2, 'the second connection')
  assert.deepEqual(reasons, ['first', 'reconnect'])
})

test('errors of a provider are hidden, and fatal errors close the client', async (t) => {
  const server = await startReference(t)
  const failPermanently = () => {
    throw new AutoModerateError('secret sauce', { code: 'authentication_failed' })
  }
  const refused = await Client.connect(server.baseUrl, { credentials: failPermanently }).catch((error) => error)
  assert.equal(refused.code, 'authentication_failed')
  assert.doesNotMatch(inspect(refused), /sauce/)
  for (const answer of [
    7,
    {},
    { key: 'k' },
    { apiKey: 7 },
    { apiKey: 'k', session: 's' },
    { email: 'e' },
    [],
    Symbol('k'),
  ]) {
    const wrong = await Client.connect(server.baseUrl, { credentials: () => answer }).catch((error) => error)
    assert.equal(wrong.code, 'authentication_failed', inspect(answer))
    assert.match(
      wrong.message,
      /credentials: the provider must return an API key|credentials\.(apiKey|password): expected a string/,
    )
  }
  let asked = 0
  const flakyProvider = async () => {
    if (++asked < 3) throw new Error('try again')
    return server.apiKey
  }
  const client = await Client.connect(server.baseUrl, {
    credentials: flakyProvider,
    reconnect,
    retryFirstConnect: true,
  })
  await client.close()
  assert.equal(asked, 3)
  const once = await Client.connect(server.baseUrl, { credentials: () => Promise.reject(null) }).catch((error) => error)
  assert.deepEqual([once.code, once.stage, once.retryable], ['connect_failed', 'credentials', true])
})

test('the signal of a slow provider is aborted after the connect timeout', async (t) => {
  const server = await startReference(t)
  const signals = []
  const credentials = (_, { signal }) => {
    signals.push(signal)
    return signals.length === 1 ? new Promise(() => {}) : server.apiKey
  }
  const options = { credentials, reconnect, retryFirstConnect: true, connectTimeout: 200 }
  const client = await Client.connect(server.baseUrl, options)
  assert.deepEqual(
    signals.map((signal) => signal.aborted),
    [true, false],
  )
  await client.close()
})

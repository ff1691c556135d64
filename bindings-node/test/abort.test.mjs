/** Aborting at every `await`: it rejects with the signal's reason, and nothing is lost or left over. */

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { Client } from '../dist/index.mjs'
import * as reading from './support/reading.mjs'
import { asgi, eventually, reference } from './support/servers.mjs'

const reason = new Error('enough')
const listeners = (signal) => getEventListeners(signal, 'abort').length

/** A call that is aborted before it begins, at once, and later. */
async function aborted(call) {
  for (const when of [() => {}, (abort) => abort(), (abort) => turn().then(abort), (abort) => sleep(20).then(abort)]) {
    const controller = new AbortController()
    const abort = () => controller.abort(reason)
    if (when.length === 0) abort()
    const promise = call(controller.signal)
    if (when.length > 0) when(abort)
    await assert.rejects(promise, (error) => error === reason)
    assert.equal(listeners(controller.signal), 0)
  }
}

test('every call can be aborted', async (t) => {
  const server = await asgi(t)
  const client = await reading.connect(t, server)
  await server.admin('/joins', { silent: true })
  await aborted((signal) => client.join(server.projectId, { signal }))
  await aborted((signal) => client.emitWithAck('nobody_answers', {}, { signal }))
  await aborted((signal) => client.events().nextBatch(1, { signal }))
  await aborted((signal) => client.events({ signal }).next())
  await aborted((signal) => client.events({ signal }).nextBatch())
  await aborted((signal) => client.events('gap', { signal }).throttle(10).next())
  await aborted(async (signal) => {
    for await (const event of client.events({ signal })) assert.fail(event.event)
  })
  // These are quick: aborted before they begin.
  const signal = AbortSignal.abort(reason)
  const project = { signal }
  for (const call of [
    () => client.emit('x', {}, project),
    () => client.moderate('x', project),
    () => client.content('x', project),
    () => client.contentsPage(1, project),
    () => client.contents(project).next(),
    () => client.statistics(project),
    () => client.health(project),
    () => client.connect(project).then(() => assert.equal(client.state, 'connected')) && Promise.reject(reason),
  ]) {
    await assert.rejects(call(), (error) => error === reason)
  }
})

test('connecting can be aborted, and leaves no connection behind', async (t) => {
  const server = await asgi(t)
  // Nothing answers at this address.
  const silent = await import('node:net').then(({ createServer }) => createServer().listen(0, '127.0.0.1'))
  t.after(() => silent.close())
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address()
  await aborted((signal) => Client.connect(`http://127.0.0.1:${port}`, { signal }))
  for (let turns = 0; turns < 20; turns++) {
    const controller = new AbortController()
    const connecting = Client.connect(server.baseUrl, { ...server.options, signal: controller.signal })
    await sleep(turns)
    controller.abort(reason)
    await connecting.then(
      (client) => client.close(),
      (error) => assert.equal(error, reason),
    )
    assert.equal(listeners(controller.signal), 0)
  }
  await eventually(async () => (await server.admin('/stats')).connected === 0, 'the last connection ending')
})

test('aborted waits lose nothing', async (t) => {
  const server = await reference(t)
  const { client, project } = await reading.join(t, server, { eventBuffer: 4096 })
  const stream = project.events('moderation_update')
  const total = 300
  const submitting = (async () => {
    const ids = []
    for (let number = 0; number < total; number++) ids.push((await client.moderate(`text ${number}`)).content_id)
    return ids
  })()
  const found = []
  let rejected = 0
  for (let turns = 0; found.length < total; turns++) {
    const controller = new AbortController()
    const waiting = stream.nextBatch(2, { signal: controller.signal })
    for (let wait = 0; wait < turns % 4; wait++) await turn()
    controller.abort(reason)
    await waiting.then(
      (events) => found.push(...events.map((event) => event.content_id)),
      (error) => {
        assert.equal(error, reason)
        rejected++
      },
    )
    assert.equal(listeners(controller.signal), 0)
  }
  assert.deepEqual(found, await submitting)
  assert.ok(rejected > 100, String(rejected))
})

test('a signal for many calls gathers no listeners', async (t) => {
  const server = await reference(t)
  const { signal } = new AbortController()
  const { client, project } = await reading.join(t, server, {}, { signal })
  for (let count = 0; count < 30; count++) {
    await client.health({ signal })
    const stream = project.events({ signal })
    stream.close()
  }
  const stream = project.events({ signal })
  await client.close()
  assert.deepEqual(await stream.nextBatch(), [])
  assert.equal(listeners(signal), 0)
})

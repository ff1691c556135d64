/** Memory: unused objects are freed, and many clients in sequence leave nothing over. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../dist/index.mjs'
import * as reading from './support/reading.mjs'
import { asgi, eventually, reference } from './support/servers.mjs'

const connected = async (server) => (await server.admin('/stats')).connected

/** Collects garbage until the condition holds. */
function collected(check, what) {
  return eventually(async () => {
    globalThis.gc()
    await sleep(5)
    return check()
  }, what)
}

test('a client that is forgotten goes away, with its connection', async (t) => {
  const server = await asgi(t)
  const open = {
    alone: async () => {},
    'with a project and a stream': async (client) => {
      const stream = (await client.join(server.projectId)).events()
      await server.admin('/moderate', { content: 'x' })
      await stream.next()
    },
    'with a listener of states': async (client) => client.on('state', () => {}),
    'with a wait that was aborted': async (client) => {
      await client
        .events()
        .nextBatch(1, { signal: AbortSignal.timeout(20) })
        .catch(() => {})
    },
    'with a signal that lives on': async (client) => client.events({ signal: longLived.signal }),
    'with a stream that was closed': async (client) => client.events().close(),
  }
  const longLived = new AbortController()
  for (const [how, use] of Object.entries(open)) {
    let ref
    await (async () => {
      const client = await Client.connect(server.baseUrl, server.options)
      ref = new WeakRef(client)
      await use(client)
      assert.equal(await connected(server), 1)
    })()
    await collected(() => ref.deref() === undefined, `the client ${how} being freed`)
    await collected(async () => (await connected(server)) === 0, `the connection of a client ${how} being closed`)
  }
})

test('a client with a provider goes away too', async (t) => {
  const server = await reference(t)
  let ref
  await (async () => {
    ref = new WeakRef(await Client.connect(server.baseUrl, { credentials: () => server.apiKey }))
  })()
  await collected(() => ref.deref() === undefined, 'the client being freed')
})

test('a client that is waited for, or has listeners of events, stays', async (t) => {
  const server = await asgi(t)
  const seen = []
  await (async () => {
    const client = await Client.connect(server.baseUrl, server.options)
    const stream = (await client.join(server.projectId)).events('moderation_update')
    stream.next().then(({ value }) => seen.push(`waited for: ${value.content_preview}`))
    const listening = await Client.connect(server.baseUrl, server.options)
    await listening.join(server.projectId)
    listening.once('moderation_update', (event) => seen.push(`listened to: ${event.content_preview}`))
    // One more, to check that everything unused has been freed.
    await (await Client.connect(server.baseUrl, server.options)).join(server.projectId)
  })()
  await collected(async () => (await connected(server)) === 2, 'the connection of the third being closed')
  await server.admin('/moderate', { content: 'still here' })
  await eventually(() => seen.length === 2, 'the events')
  assert.deepEqual(seen.toSorted(), ['listened to: still here', 'waited for: still here'])
})

test('streams that are dropped are freed', async (t) => {
  const server = await reference(t)
  const { project } = await reading.join(t, server)
  const refs = await (async () => {
    const streams = Array.from({ length: 100 }, () => project.events())
    await server.submit('x')
    await Promise.all(streams.map((stream) => stream.next()))
    await Promise.all(streams.map((stream) => stream.nextBatch(1, { signal: AbortSignal.timeout(1) }).catch(() => {})))
    return streams.map((stream) => new WeakRef(stream))
  })()
  await collected(() => refs.every((ref) => ref.deref() === undefined), 'the streams being freed')
})

/** Megabytes of objects, and of the process without V8's heap, which may be larger than its objects. */
function inUse() {
  globalThis.gc()
  const { rss, heapTotal, heapUsed } = process.memoryUsage()
  return { heap: heapUsed / 1e6, others: (rss - heapTotal) / 1e6 }
}

test('10,000 clients one after the other: memory stays flat', { timeout: 300_000 }, async (t) => {
  const server = await reference(t)
  const cycle = async (number) => {
    const client = await Client.connect(server.baseUrl, {
      ...server.options,
      transports: 'websocket',
      heartbeatInterval: false,
    })
    if (number % 10 === 0) {
      const project = await client.join(server.projectId)
      project.events()
      client.on('state', () => {})
    }
    if (number % 3 !== 0) await client.close()
    else client.close().catch(() => {})
  }
  const many = async (count) => {
    // Collected often, to measure the memory that stays, not the garbage waiting for a collection.
    for (let done = 0; done < count; done += 200) {
      let next = 0
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          while (next < 200) await cycle(next++)
        }),
      )
      globalThis.gc()
      await sleep(1)
    }
  }
  await many(2000)
  const before = inUse()
  await many(8000)
  const after = inUse()
  const [grown, heapGrown] = [after.others - before.others, after.heap - before.heap]
  t.diagnostic(
    `after 2,000 clients ${before.others.toFixed(1)} MB in addition to the heap, after 10,000 ${grown.toFixed(1)} MB more`,
  )
  // A leak of 500 bytes for each client would be 4 MB.
  assert.ok(grown < 4 && heapGrown < 1, `${grown} MB, heap ${heapGrown} MB`)
})

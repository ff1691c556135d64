/**
 * Readers that bench.mjs compares. All readers access the same five fields, and request more events before all
 * requested events have arrived.
 */

import { createRequire } from 'node:module'
import { Client } from '../dist/index.mjs'
import { WINDOW } from './event-server.mjs'

const OPTIONS = { apiKey: 'k', transports: 'websocket', eventBuffer: 4 * WINDOW, rateLimit: false }
/** Sum that depends on every accessed field, so that no access can be optimized away. */
export let sum = 0

function touchFields(event) {
  sum += event.content_id.length + event.status.length + event.content_preview.length + event.moderator_name.length
  sum += event.processing_time
}

async function measureClient(url, meter, follow) {
  const client = await Client.connect(url, OPTIONS)
  const requestMore = () => client.emit('more')
  meter.start()
  await follow(client, meter, requestMore)
  meter.stop()
  if (client.metrics().events < meter.events) throw new Error('events are missing')
  await client.close()
}

/** Readers by name. Each reader joins the project whose id is `meter.events`, and reads `meter.events` events. */
export const READERS = {
  '`for await`': (url, meter) =>
    measureClient(url, meter, async (client, _, requestMore) => {
      let left = meter.events
      for await (const event of (await client.join(String(left))).events('moderation_update')) {
        touchFields(event)
        if (--left === 0) break
        if (left % WINDOW === 0) requestMore()
      }
    }),
  '`nextBatch`': (url, meter) =>
    measureClient(url, meter, async (client, _, requestMore) => {
      let left = meter.events
      const stream = (await client.join(String(left))).events('moderation_update')
      while (left > 0) {
        const batch = await stream.nextBatch(256)
        for (const event of batch) {
          touchFields(event)
          if (--left % WINDOW === 0) requestMore()
        }
      }
    }),
  '`on`': (url, meter) =>
    measureClient(url, meter, async (client, _, requestMore) => {
      let left = meter.events
      await new Promise((resolve) => {
        client.on('moderation_update', (event) => {
          touchFields(event)
          if (--left === 0) resolve()
          else if (left % WINDOW === 0) requestMore()
        })
        client.join(String(meter.events))
      })
    }),
  'socket.io-client': async (url, meter) => {
    const { io } = createRequire(`${process.env.NODE_MODULES}/`)('socket.io-client')
    const socket = io(url, { transports: ['websocket'], query: { api_key: 'k' } })
    await new Promise((resolve) => socket.once('connect', resolve))
    meter.start()
    let left = meter.events
    await new Promise((resolve) => {
      socket.on('moderation_update', (event) => {
        touchFields(event)
        if (--left === 0) resolve()
        else if (left % WINDOW === 0) socket.emit('more')
      })
      socket.emit('join_project', { project_id: String(meter.events) })
    })
    meter.stop()
    socket.close()
  },
}

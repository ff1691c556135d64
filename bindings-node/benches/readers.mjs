/** The readers that bench.mjs compares. All read the same five fields, and ask for more events in time. */

import { createRequire } from 'node:module'
import { Client } from '../dist/index.mjs'
import { WINDOW } from './blaster.mjs'

const OPTIONS = { apiKey: 'k', transports: 'websocket', eventBuffer: 4 * WINDOW, rateLimit: false }
/** A value that depends on every field. */
export let sum = 0

function read(event) {
  sum += event.content_id.length + event.status.length + event.content_preview.length + event.moderator_name.length
  sum += event.processing_time
}

async function ours(url, meter, follow) {
  const client = await Client.connect(url, OPTIONS)
  const more = () => client.emit('more')
  meter.start()
  await follow(client, meter, more)
  meter.stop()
  if (client.metrics().events < meter.events) throw new Error('events are missing')
  await client.close()
}

/** The name, and a function that reads `meter.events` events of the project whose id is their number. */
export const READERS = {
  '`for await`': (url, meter) =>
    ours(url, meter, async (client, _, more) => {
      let left = meter.events
      for await (const event of (await client.join(String(left))).events('moderation_update')) {
        read(event)
        if (--left === 0) break
        if (left % WINDOW === 0) more()
      }
    }),
  '`nextBatch`': (url, meter) =>
    ours(url, meter, async (client, _, more) => {
      let left = meter.events
      const stream = (await client.join(String(left))).events('moderation_update')
      while (left > 0) {
        const batch = await stream.nextBatch(256)
        for (const event of batch) {
          read(event)
          if (--left % WINDOW === 0) more()
        }
      }
    }),
  '`on`': (url, meter) =>
    ours(url, meter, async (client, _, more) => {
      let left = meter.events
      await new Promise((resolve) => {
        client.on('moderation_update', (event) => {
          read(event)
          if (--left === 0) resolve()
          else if (left % WINDOW === 0) more()
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
        read(event)
        if (--left === 0) resolve()
        else if (left % WINDOW === 0) socket.emit('more')
      })
      socket.emit('join_project', { project_id: String(meter.events) })
    })
    meter.stop()
    socket.close()
  },
}

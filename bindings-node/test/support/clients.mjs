/** Helpers that connect clients and read their streams. */

import { Client } from '../../dist/index.mjs'

/** Reconnection policy with short delays. */
export const FAST_RECONNECT = { delay: 50, maxDelay: 200, maxAttemptsPerMinute: 600 }

/** Connects a client, which is closed at the end of the test. */
export async function connect(t, server, options = {}) {
  const client = await Client.connect(server.baseUrl, { ...server.options, ...options })
  t.after(() => client.close())
  return client
}

/** Connects a client and joins the server's project. */
export async function join(t, server, options, joining) {
  const client = await connect(t, server, options)
  return { client, project: await client.join(server.projectId, joining) }
}

/** Returns the item ids of the next `count` decisions. */
export async function nextIds(stream, count) {
  const found = []
  if (count === 0) return found
  for await (const event of stream) {
    if (event.event === 'moderation_update') found.push(event.content_id)
    if (found.length === count) break
  }
  return found
}

/** Returns the next event of a stream. Throws if the stream has ended. */
export async function nextEvent(stream) {
  const { value, done } = await stream.next()
  if (done) throw new Error('the stream has ended')
  return value
}

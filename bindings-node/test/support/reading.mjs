/** The common beginning of most tests. */

import { Client } from '../../dist/index.mjs'

/** A policy for tests that don't want to wait. */
export const QUICK = { delay: 50, maxDelay: 200, maxAttemptsPerMinute: 600 }

/** A client that is closed at the end of the test. */
export async function connect(t, server, options = {}) {
  const client = await Client.connect(server.baseUrl, { ...server.options, ...options })
  t.after(() => client.close())
  return client
}

/** A client that has joined the server's project. */
export async function join(t, server, options, joining) {
  const client = await connect(t, server, options)
  return { client, project: await client.join(server.projectId, joining) }
}

/** The ids of the next decided items. */
export async function ids(stream, many) {
  const found = []
  if (many === 0) return found
  for await (const event of stream) {
    if (event.event === 'moderation_update') found.push(event.content_id)
    if (found.length === many) break
  }
  return found
}

/** The next event of a stream. */
export async function next(stream) {
  const { value, done } = await stream.next()
  if (done) throw new Error('the stream has ended')
  return value
}

/**
 * Prints a project's decisions as they arrive. Each run resumes where the previous run stopped.
 *
 *     node script.mjs http://127.0.0.1:6217 am_… PROJECT [COUNT]
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Client } from 'automoderate'

const CURSOR = 'cursor.txt'
const [url, apiKey, projectId, count = 'Infinity'] = process.argv.slice(2)
const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())

const client = await Client.connect(url, { apiKey })
const after = existsSync(CURSOR) ? readFileSync(CURSOR, 'utf8') : undefined
const project = await client.join(projectId, { after })
let left = Number(count)
try {
  for await (const event of project.events({ signal: stopping.signal })) {
    if (event.event === 'moderation_update') {
      console.log(`${event.content_id} is ${event.status}: ${event.content_preview}`)
      left -= 1
    } else if (event.event === 'gap' || event.event === 'lagged') {
      console.log('events are missing:', event)
    }
    writeFileSync(CURSOR, project.cursor ?? '')
    if (left <= 0) break
  }
} catch (error) {
  if (!stopping.signal.aborted) throw error
} finally {
  await client.close()
}

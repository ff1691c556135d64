/**
 * Express application that submits comments for moderation, and relays the decisions to browsers as Server-Sent Events.
 *
 *     AUTOMODERATE_URL=… AUTOMODERATE_API_KEY=… AUTOMODERATE_PROJECT=… node express.mjs [PORT]
 */

import { once } from 'node:events'
import { Client, escapeHtml } from 'automoderate'
import express from 'express'

const { AUTOMODERATE_URL: url, AUTOMODERATE_API_KEY: apiKey, AUTOMODERATE_PROJECT: projectId } = process.env

const client = await Client.connect(url, { apiKey })
const project = await client.join(projectId)
const app = express().use(express.json())

app.post('/comments', async (request, response) => {
  const { content_id: id, status } = await client.moderate(request.body.text)
  response.json({ id, status })
})

app.get('/decisions', async (_request, response) => {
  const closed = new AbortController()
  response.on('close', () => closed.abort())
  const stream = project.events('moderation_update', { signal: closed.signal })
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).flushHeaders()
  try {
    for await (const { status, content_preview: preview } of stream) {
      // Escape the preview, because it may contain markup.
      const more = response.write(`event: ${status}\ndata: ${JSON.stringify(escapeHtml(preview))}\n\n`)
      if (!more) await once(response, 'drain', { signal: closed.signal })
    }
    response.end()
  } catch (error) {
    if (!closed.signal.aborted) response.destroy(error)
  }
})

app.get('/health', (_, response) => response.json({ connection: client.state }))

const server = app.listen(Number(process.argv[2] ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`)
})

process.once('SIGTERM', async () => {
  server.close()
  server.closeAllConnections()
  await client.close()
})

/**
 * Benchmark server that performs the handshake, and then sends frames as fast as the reader requests them. The server
 * prints its port.
 *
 * A client that joins project N receives N documented `moderation_update` events, each in its own frame. The server
 * first sends `2 * WINDOW` events, and then `WINDOW` events for each `more` that the client emits, so that the reader
 * is neither idle nor overwhelmed.
 */

import { createHash } from 'node:crypto'
import { createServer } from 'node:net'

export const WINDOW = 4096
const UPDATE = {
  content_id: 'content_550e8400-e29b-41d4-a716-446655440000',
  project_id: 'proj_abc123',
  status: 'approved',
  content_type: 'text',
  content_preview: 'This is a sample content that was moderated and is long enough to be cut…',
  meta_data: { user_id: 'user_123', source: 'web_app', tags: ['a', 'b'] },
  results_count: 2,
  processing_time: 1.234,
  moderator_type: 'rule',
  moderator_name: 'Keyword Rule',
  rule_name: 'Spam Detection',
  timestamp: '2024-01-15T10:30:00Z',
}

function frame(text) {
  const payload = Buffer.from(text)
  const head = payload.length < 126 ? [0x81, payload.length] : [0x81, 126, payload.length >> 8, payload.length & 255]
  return Buffer.concat([Buffer.from(head), payload])
}

/** Returns a function that parses client frames from chunks of data, and calls `onText` with the text of each frame. */
function frameReader(onText) {
  let rest = Buffer.alloc(0)
  return (data) => {
    rest = Buffer.concat([rest, data])
    for (;;) {
      if (rest.length < 6) return
      const hasShortLength = (rest[1] & 127) < 126
      const [length, at] = hasShortLength ? [rest[1] & 127, 2] : [rest.readUInt16BE(2), 4]
      if (rest.length < at + 4 + length) return
      const mask = rest.subarray(at, at + 4)
      const payload = rest.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ mask[index % 4])
      onText(payload.toString())
      rest = rest.subarray(at + 4 + length)
    }
  }
}

function serveConnection(socket) {
  let remaining = 0
  let updateFrame
  const sendUpdates = (wanted) => {
    const count = Math.min(wanted, remaining)
    remaining -= count
    if (count > 0) socket.write(Buffer.alloc(updateFrame.length * count, updateFrame))
  }
  const onText = (text) => {
    if (text.startsWith('40')) {
      socket.write(Buffer.concat([frame('40{"sid":"n"}'), frame('42["connected",{"status":"connected"}]')]))
    } else if (text.includes('"join_project"')) {
      const { project_id } = JSON.parse(text.slice(text.indexOf('[')))[1]
      socket.write(frame(`42["joined_project",{"project_id":"${project_id}"}]`))
      updateFrame = frame(`42${JSON.stringify(['moderation_update', { ...UPDATE, project_id }])}`)
      remaining = Number(project_id)
      sendUpdates(2 * WINDOW)
    } else if (text.includes('"more"')) {
      sendUpdates(WINDOW)
    }
  }
  socket.once('data', (request) => {
    const key = /sec-websocket-key: (\S+)/i.exec(request.toString())[1]
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    const answer = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade'
    socket.write(`${answer}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
    const open = { sid: 's', upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000 }
    socket.write(frame(`0${JSON.stringify(open)}`))
    socket.on('data', frameReader(onText))
  })
  socket.on('error', () => {})
}

if (process.argv[1] === import.meta.filename) {
  const server = createServer({ noDelay: true }, serveConnection).listen(0, '127.0.0.1', () =>
    console.log(server.address().port),
  )
}

/** Listings skip rows that can't be parsed, and report their errors. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'automoderate'
import { Server } from 'automoderate/testing'

test("a page reports rows that can't be parsed", async (t) => {
  const server = new Server()
  t.after(() => server.close())
  server.store('p', { id: 'first', content_data: 'text' })
  server.store('p', { id: 'bad', status: 7 })
  server.store('p', { id: 'last' })
  const client = new Client(server.url)
  const { items, unreadable } = await client.contentsPage()
  assert.deepEqual([items.map(({ id }) => id), unreadable.length], [['last', 'first'], 1])
  assert.match(unreadable[0], /7/)
  const listed = []
  for await (const { id } of client.contents({ perPage: 1 })) listed.push(id)
  assert.deepEqual(listed, ['last', 'first'])
})

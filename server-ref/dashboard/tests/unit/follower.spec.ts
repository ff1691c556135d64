import { expect, test } from '@playwright/test'
import { Follower, type LoggedEvent } from '../../src/live/follower.ts'

const event = (event_id: number): LoggedEvent => ({ event: 'moderation_update', data: { event_id } })
const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => event(from + index))

/**
 * Creates a follower. Returns it with the list of its delivered events (`e` marks earlier ones), and a function that
 * answers its request for a page.
 */
function startFollowing(limit = 500) {
  const delivered: (number | string)[] = []
  const follower = new Follower({
    deliver: ({ data }, origin) => delivered.push(origin === 'live' ? data.event_id : `${data.event_id}e`),
    onGap: (missed) => delivered.push(`gap ${missed}`),
  })
  const answerPage = (head: number, oldest = 1, log = 'a') => {
    const after = follower.nextPageAfter ?? Number.NaN
    follower.onPageRequested()
    expect(follower.nextPageAfter).toBeUndefined()
    const from = Math.max(after + 1, oldest)
    const pageEvents = events(from, Math.min(head, from + limit - 1))
    follower.addPage({ events: pageEvents, head, oldest, log })
  }
  return { follower, delivered, answerPage }
}

test('live events are delivered in order, once each', () => {
  const { follower, delivered } = startFollowing()
  follower.onJoined('a', 0)
  expect(follower.nextPageAfter).toBeUndefined()
  for (const id of [1, 2, 2, 1, 3]) follower.addLive(event(id))
  expect(delivered).toEqual([1, 2, 3])
})

test('earlier events arrive in pages; events after the join are live even if they arrive in a page', () => {
  const { follower, delivered, answerPage } = startFollowing(2)
  follower.onJoined('a', 3)
  expect(follower.nextPageAfter).toBe(0)
  follower.onPageRequested()
  follower.addLive(event(4))
  follower.addLive(event(5))
  follower.onPageRefused()
  answerPage(5)
  expect(follower.nextPageAfter).toBe(2)
  answerPage(5)
  expect(delivered).toEqual(['1e', '2e', '3e', 4, 5])
  expect(follower.nextPageAfter).toBeUndefined()
})

test('missing events are requested, and later ones are held until they arrive', () => {
  const { follower, delivered, answerPage } = startFollowing()
  follower.onJoined('a', 0)
  for (const id of [1, 3, 4]) follower.addLive(event(id))
  expect(delivered).toEqual([1])
  expect(follower.nextPageAfter).toBe(1)
  // Event 2 was only late.
  follower.addLive(event(2))
  expect(delivered).toEqual([1, 2, 3, 4])
  follower.addLive(event(7))
  answerPage(7)
  expect(delivered).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('after an interruption, delivery continues after the last delivered event', () => {
  const { follower, delivered, answerPage } = startFollowing()
  follower.onJoined('a', 0)
  follower.addLive(event(1))
  follower.onPageRequested()
  follower.onJoined('a', 4)
  expect(follower.nextPageAfter).toBe(1)
  answerPage(4)
  expect(delivered).toEqual([1, '2e', '3e', '4e'])
})

test('only the newest earlier events are delivered after the first join, and the others are no gap', () => {
  const { follower, delivered, answerPage } = startFollowing()
  follower.onJoined('a', 10_000)
  expect(follower.nextPageAfter).toBe(9500)
  answerPage(10_000, 9901)
  expect(delivered).toHaveLength(100)
  expect(delivered[0]).toBe('9901e')
})

test('events that are not available are reported as a gap', () => {
  const { follower, delivered, answerPage } = startFollowing()
  follower.onJoined('a', 1)
  answerPage(1)
  follower.onJoined('a', 50)
  answerPage(50, 41)
  expect(delivered.slice(0, 3)).toEqual(['1e', 'gap 39', '41e'])
  follower.onJoined('a', 5000)
  expect(delivered.at(-1)).toBe('gap 2950')
  expect(follower.nextPageAfter).toBe(3000)
})

test('a different log, or an older state of the same one, is a gap', () => {
  const { follower, delivered, answerPage } = startFollowing()
  follower.onJoined('a', 5)
  answerPage(5)
  follower.onJoined('b', 2)
  answerPage(2, 1, 'b')
  follower.onJoined('b', 1)
  answerPage(1, 1, 'b')
  expect(delivered).toEqual(['1e', '2e', '3e', '4e', '5e', 'gap undefined', '1e', '2e', 'gap undefined', '1e'])
})

test('a page of a different log starts again', () => {
  const { follower, delivered, answerPage } = startFollowing()
  follower.onJoined('a', 2)
  answerPage(2)
  follower.addLive(event(5))
  answerPage(1, 1, 'b')
  answerPage(1, 1, 'b')
  expect(delivered).toEqual(['1e', '2e', 'gap undefined', '1e'])
  expect(follower.nextPageAfter).toBeUndefined()
})

test('no page is requested after an empty one', () => {
  const { follower, answerPage } = startFollowing()
  follower.onJoined('a', 0)
  follower.addLive(event(9))
  answerPage(0)
  expect(follower.nextPageAfter).toBeUndefined()
})

test('the number of held events is limited, and none are lost', () => {
  const { follower, delivered, answerPage } = startFollowing()
  follower.onJoined('a', 0)
  follower.addLive(event(1))
  for (let id = 3; id <= 3000; id += 1) follower.addLive(event(id))
  while (follower.nextPageAfter !== undefined) answerPage(3000)
  const ids = delivered.map((id) => Number.parseInt(`${id}`, 10))
  expect(ids).toEqual(Array.from({ length: 3000 }, (_, index) => index + 1))
})

import { expect, test } from '@playwright/test'
import { Follower, type Logged } from '../../src/live/follower.ts'

const event = (event_id: number): Logged => ({ event: 'moderation_update', data: { event_id } })
const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => event(from + index))

/** A follower, its delivered events, and a log for its pages. */
function following(limit = 500) {
  const got: (number | string)[] = []
  const follower = new Follower({
    deliver: ({ data }, origin) => got.push(origin === 'live' ? data.event_id : `${data.event_id}e`),
    gap: (missed) => got.push(`gap ${missed}`),
  })
  const page = (head: number, oldest = 1, log = 'a') => {
    const after = follower.wants ?? Number.NaN
    follower.asked()
    expect(follower.wants).toBeUndefined()
    const from = Math.max(after + 1, oldest)
    const given = events(from, Math.min(head, from + limit - 1))
    follower.page({ events: given, head, oldest, log })
  }
  return { follower, got, page }
}

test('live events in order, each once', () => {
  const { follower, got } = following()
  follower.joined('a', 0)
  expect(follower.wants).toBeUndefined()
  for (const id of [1, 2, 2, 1, 3]) follower.live(event(id))
  expect(got).toEqual([1, 2, 3])
})

test('what was there before, page by page, then what came meanwhile, which is live even from a page', () => {
  const { follower, got, page } = following(2)
  follower.joined('a', 3)
  expect(follower.wants).toBe(0)
  follower.asked()
  follower.live(event(4))
  follower.live(event(5))
  follower.refused()
  page(5)
  expect(follower.wants).toBe(2)
  page(5)
  expect(got).toEqual(['1e', '2e', '3e', 4, 5])
  expect(follower.wants).toBeUndefined()
})

test('a hole is asked for, and what follows it waits', () => {
  const { follower, got, page } = following()
  follower.joined('a', 0)
  for (const id of [1, 3, 4]) follower.live(event(id))
  expect(got).toEqual([1])
  expect(follower.wants).toBe(1)
  // It was only late.
  follower.live(event(2))
  expect(got).toEqual([1, 2, 3, 4])
  follower.live(event(7))
  page(7)
  expect(got).toEqual([1, 2, 3, 4, 5, 6, 7])
})

test('after an interruption, from where it was', () => {
  const { follower, got, page } = following()
  follower.joined('a', 0)
  follower.live(event(1))
  follower.asked()
  follower.joined('a', 4)
  expect(follower.wants).toBe(1)
  page(4)
  expect(got).toEqual([1, '2e', '3e', '4e'])
})

test('only so much of what was before the first join; that is no gap', () => {
  const { follower, got, page } = following()
  follower.joined('a', 10_000)
  expect(follower.wants).toBe(9500)
  page(10_000, 9901)
  expect(got).toHaveLength(100)
  expect(got[0]).toBe('9901e')
})

test('what can not be had is told', () => {
  const { follower, got, page } = following()
  follower.joined('a', 1)
  page(1)
  follower.joined('a', 50)
  page(50, 41)
  expect(got.slice(0, 3)).toEqual(['1e', 'gap 39', '41e'])
  follower.joined('a', 5000)
  expect(got.at(-1)).toBe('gap 2950')
  expect(follower.wants).toBe(3000)
})

test('another log, or an older state of it', () => {
  const { follower, got, page } = following()
  follower.joined('a', 5)
  page(5)
  follower.joined('b', 2)
  page(2, 1, 'b')
  follower.joined('b', 1)
  page(1, 1, 'b')
  expect(got).toEqual(['1e', '2e', '3e', '4e', '5e', 'gap undefined', '1e', '2e', 'gap undefined', '1e'])
})

test('a page of another log starts again', () => {
  const { follower, got, page } = following()
  follower.joined('a', 2)
  page(2)
  follower.live(event(5))
  page(1, 1, 'b')
  page(1, 1, 'b')
  expect(got).toEqual(['1e', '2e', 'gap undefined', '1e'])
  expect(follower.wants).toBeUndefined()
})

test('an empty page ends the asking', () => {
  const { follower, page } = following()
  follower.joined('a', 0)
  follower.live(event(9))
  page(0)
  expect(follower.wants).toBeUndefined()
})

test('what waits is bounded, and lost nothing by it', () => {
  const { follower, got, page } = following()
  follower.joined('a', 0)
  follower.live(event(1))
  for (let id = 3; id <= 3000; id += 1) follower.live(event(id))
  while (follower.wants !== undefined) page(3000)
  const ids = got.map((id) => Number.parseInt(`${id}`, 10))
  expect(ids).toEqual(Array.from({ length: 3000 }, (_, index) => index + 1))
})

import { expect, test } from '@playwright/test'
import { authorId, displayName, formatTime } from '../../src/parts/format.ts'

test('times of today have no date, and invalid times stay unchanged', () => {
  const now = new Date(2026, 0, 2, 12)
  const today = formatTime(new Date(2026, 0, 2, 9, 5, 7).toISOString(), now)
  expect(today).toContain('05')
  expect(today).not.toContain('2026')
  expect(formatTime(new Date(2026, 0, 1, 9).toISOString(), now)).toContain('2026')
  expect(formatTime('yesterday', now)).toBe('yesterday')
})

test('values of the protocol have display names, and unknown values stay unchanged', () => {
  expect(displayName('ai_prompt')).toBe('AI prompt')
  for (const unknown of ['quarantined', 'constructor', '<b>']) expect(displayName(unknown)).toBe(unknown)
})

test('the author of an item is the user id in its metadata', () => {
  expect(authorId({ user_id: 'u1' })).toBe('u1')
  expect(authorId({ user_id: 7 })).toBe('7')
  for (const metadata of [null, undefined, 'u1', {}, { user_id: null }, { user_id: ['u1'] }, []]) {
    expect(authorId(metadata)).toBeUndefined()
  }
})

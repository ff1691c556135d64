import { expect, test } from '@playwright/test'
import { author, formatTime, word } from '../../src/parts/format.ts'

test('times of today are short, and what is no time stays', () => {
  const now = new Date(2026, 0, 2, 12)
  const today = formatTime(new Date(2026, 0, 2, 9, 5, 7).toISOString(), now)
  expect(today).toContain('05')
  expect(today).not.toContain('2026')
  expect(formatTime(new Date(2026, 0, 1, 9).toISOString(), now)).toContain('2026')
  expect(formatTime('yesterday', now)).toBe('yesterday')
})

test('words of the protocol, and others', () => {
  expect(word('ai_prompt')).toBe('AI prompt')
  for (const other of ['quarantined', 'constructor', '<b>']) expect(word(other)).toBe(other)
})

test('the author of a content', () => {
  expect(author({ user_id: 'u1' })).toBe('u1')
  expect(author({ user_id: 7 })).toBe('7')
  for (const nobody of [null, undefined, 'u1', {}, { user_id: null }, { user_id: ['u1'] }, []]) {
    expect(author(nobody)).toBeUndefined()
  }
})

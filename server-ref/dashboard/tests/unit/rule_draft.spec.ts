import { expect, test } from '@playwright/test'
import { ApiError } from '../../src/api/http.ts'
import type { Rule } from '../../src/api/types.ts'
import { toDraft, toFields, toRuleError } from '../../src/state/rule_draft.ts'

test('a draft has the data of the form fields', () => {
  const empty = toFields(undefined)
  expect(toDraft({ ...empty, name: 'n', keywords: ' a \n\nb c\n' })).toEqual({
    name: 'n',
    type: 'keyword',
    data: { keywords: ['a', 'b c'], case_sensitive: false },
    action: 'reject',
    priority: 0,
    is_active: true,
  })
  const regex = toDraft({ ...empty, type: 'regex', pattern: ' a|b ', flags: ['i'], priority: '-3' })
  expect([regex.data, regex.priority]).toEqual([{ pattern: ' a|b ', flags: ['i'] }, -3])
  expect(toDraft({ ...empty, type: 'ai_prompt', prompt: 'Is it rude?' }).data).toEqual({ prompt: 'Is it rude?' })
})

test('a stored rule survives a round trip through the form fields', () => {
  const stored = {
    name: 'n',
    type: 'regex',
    data: { pattern: 'x', flags: ['m'] },
    action: 'flag',
    priority: 7,
    is_active: false,
  } as const
  const rule: Rule = { ...stored, data: { pattern: 'x', flags: ['m'] }, id: '1', updated_at: '' }
  expect(toDraft(toFields(rule))).toEqual(stored)
})

test('errors from the server are assigned to their fields', () => {
  const field = (code: string, message: string) => toRuleError(new ApiError(422, code, message)).field
  expect(field('invalid_rule', 'unclosed group')).toBe('data')
  expect(field('unprocessable', 'name must have from 1 to 200 characters')).toBe('name')
  expect(field('unprocessable', 'priority must be from -1000000 to 1000000')).toBe('priority')
  expect(field('access_denied', 'Your role in the project does not allow this')).toBeUndefined()
  expect(toRuleError(new Error('names are hard'))).toEqual({ field: undefined, message: 'names are hard' })
})

// A rule that is being edited: the form's fields, and the field to which the server's error refers.

import { ApiError, errorMessage } from '../api/http.ts'
import type { Action, Rule, RuleData, RuleDraft, RuleType } from '../api/types.ts'

export const RULE_TYPES: readonly RuleType[] = ['keyword', 'regex', 'ai_prompt']
export const RULE_ACTIONS: readonly Action[] = ['reject', 'flag', 'approve']
/** Flags for regular expressions, each with a description of its effect. */
export const REGEX_FLAGS = [
  ['i', 'Upper and lower case are the same'],
  ['m', '^ and $ match at lines'],
  ['s', '. matches line ends'],
] as const

export interface RuleFields {
  name: string
  type: RuleType
  /** One keyword per line. */
  keywords: string
  caseSensitive: boolean
  pattern: string
  flags: readonly string[]
  prompt: string
  action: Action
  priority: string
  isActive: boolean
}

export type FieldName = 'name' | 'data' | 'priority'

/** An error that concerns one field, or the whole rule if `field` is undefined. */
export interface RuleError {
  field: FieldName | undefined
  message: string
}

export function toFields(rule: Rule | undefined): RuleFields {
  return {
    name: rule?.name ?? '',
    type: rule?.type ?? 'keyword',
    keywords: rule?.data.keywords?.join('\n') ?? '',
    caseSensitive: rule?.data.case_sensitive ?? false,
    pattern: rule?.data.pattern ?? '',
    flags: rule?.data.flags ?? [],
    prompt: rule?.data.prompt ?? '',
    action: rule?.action ?? 'reject',
    priority: `${rule?.priority ?? 0}`,
    isActive: rule?.is_active ?? true,
  }
}

export function toDraft(fields: RuleFields): RuleDraft {
  return {
    name: fields.name,
    type: fields.type,
    data: toData(fields),
    action: fields.action,
    priority: Number(fields.priority),
    is_active: fields.isActive,
  }
}

function toData(fields: RuleFields): RuleData {
  switch (fields.type) {
    case 'keyword': {
      const keywords = fields.keywords.split('\n').map((keyword) => keyword.trim())
      return { keywords: keywords.filter((keyword) => keyword !== ''), case_sensitive: fields.caseSensitive }
    }
    case 'regex':
      return { pattern: fields.pattern, flags: [...fields.flags] }
    case 'ai_prompt':
      return { prompt: fields.prompt }
  }
}

/**
 * Finds the field that an error concerns: `data` if the code is `invalid_rule`, and otherwise the field whose name the
 * server's message begins with, if any.
 */
export function toRuleError(error: unknown): RuleError {
  const message = errorMessage(error)
  if (!(error instanceof ApiError)) return { field: undefined, message }
  if (error.code === 'invalid_rule') return { field: 'data', message }
  const field = (['name', 'data', 'priority'] as const).find((name) => message.startsWith(`${name} `))
  return { field, message }
}

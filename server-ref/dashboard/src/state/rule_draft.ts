// A rule being written: its text fields, and the field that the server's answer is about.

import { ApiError, explain } from '../api/http.ts'
import type { Action, Rule, RuleData, RuleDraft, RuleType } from '../api/types.ts'

export const TYPES: readonly RuleType[] = ['keyword', 'regex', 'ai_prompt']
export const ACTIONS: readonly Action[] = ['reject', 'flag', 'approve']
/** The flags of regular expressions, and their effects. */
export const FLAGS = [
  ['i', 'Upper and lower case are the same'],
  ['m', '^ and $ match at lines'],
  ['s', '. matches line ends'],
] as const

export interface Written {
  name: string
  type: RuleType
  /** One per line. */
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

/** The problem and its field; without a field, it concerns the whole rule. */
export interface Objection {
  field: FieldName | undefined
  message: string
}

export function written(rule: Rule | undefined): Written {
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

export function draft(from: Written): RuleDraft {
  return {
    name: from.name,
    type: from.type,
    data: data(from),
    action: from.action,
    priority: Number(from.priority),
    is_active: from.isActive,
  }
}

function data(from: Written): RuleData {
  switch (from.type) {
    case 'keyword': {
      const keywords = from.keywords.split('\n').map((keyword) => keyword.trim())
      return { keywords: keywords.filter((keyword) => keyword !== ''), case_sensitive: from.caseSensitive }
    }
    case 'regex':
      return { pattern: from.pattern, flags: [...from.flags] }
    case 'ai_prompt':
      return { prompt: from.prompt }
  }
}

/** The server names the field at the beginning of its message; `invalid_rule` concerns the rule's search text. */
export function objection(error: unknown): Objection {
  const message = explain(error)
  if (!(error instanceof ApiError)) return { field: undefined, message }
  if (error.code === 'invalid_rule') return { field: 'data', message }
  const field = (['name', 'data', 'priority'] as const).find((name) => message.startsWith(`${name} `))
  return { field, message }
}

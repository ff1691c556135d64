// The form for a rule. Errors from the server appear at the field that they concern.

import { useSignal } from '@preact/signals'
import type { Action, Rule, RuleType } from '../api/types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { displayName } from '../parts/format.ts'
import { describedBy, Field, Problem } from '../parts/small.tsx'
import { announce } from '../state/announce.ts'
import {
  REGEX_FLAGS,
  RULE_ACTIONS,
  RULE_TYPES,
  type RuleError,
  type RuleFields,
  toDraft,
  toFields,
  toRuleError,
} from '../state/rule_draft.ts'
import type { Rules } from '../state/rules.ts'

export function RuleForm({ rules, rule, onClose }: { rules: Rules; rule: Rule | undefined; onClose: () => void }) {
  const state = useSignal<RuleFields>(toFields(rule))
  const ruleError = useSignal<RuleError | undefined>(undefined)
  const isSaving = useSignal(false)
  const change = (changes: Partial<RuleFields>) => {
    state.value = { ...state.value, ...changes }
  }
  const save = async (event: Event) => {
    event.preventDefault()
    const form = event.currentTarget as HTMLFormElement
    isSaving.value = true
    try {
      await rules.save(toDraft(state.value), rule?.id)
      announce(`${state.value.name} is saved`)
      onClose()
    } catch (error) {
      const newError = toRuleError(error)
      ruleError.value = newError
      form.querySelector<HTMLElement>(`#rule-${newError.field ?? 'name'}`)?.focus()
    } finally {
      isSaving.value = false
    }
  }
  const problem = (field: string) => (ruleError.value?.field === field ? ruleError.value.message : undefined)
  const { name, type, action, priority, isActive } = state.value
  return (
    <Dialog title={rule ? `Edit ${rule.name}` : 'New rule'} onClose={onClose}>
      <form onSubmit={save}>
        <Field id="rule-name" label="Name" problem={problem('name')}>
          <input
            {...describedBy('rule-name', false, problem('name'))}
            type="text"
            required
            maxLength={200}
            value={name}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </Field>
        <div class="row">
          <Field id="rule-type" label="Looks for">
            <select
              id="rule-type"
              value={type}
              onChange={(event) => change({ type: event.currentTarget.value as RuleType })}
            >
              {RULE_TYPES.map((one) => (
                <option key={one} value={one}>
                  {displayName(one)}
                </option>
              ))}
            </select>
          </Field>
          <Field id="rule-action" label="Action">
            <select
              id="rule-action"
              value={action}
              onChange={(event) => change({ action: event.currentTarget.value as Action })}
            >
              {RULE_ACTIONS.map((one) => (
                <option key={one} value={one}>
                  {displayName(one)}
                </option>
              ))}
            </select>
          </Field>
          <Field id="rule-priority" label="Priority" problem={problem('priority')}>
            <input
              {...describedBy('rule-priority', false, problem('priority'))}
              type="number"
              required
              step={1}
              value={priority}
              onInput={(event) => change({ priority: event.currentTarget.value })}
            />
          </Field>
        </div>
        <DataFields state={state.value} change={change} problem={problem('data')} />
        <label class="check">
          <input
            type="checkbox"
            checked={isActive}
            onChange={(event) => change({ isActive: event.currentTarget.checked })}
          />
          In force
        </label>
        <Problem text={ruleError.value?.field === undefined ? ruleError.value?.message : undefined} />
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={isSaving.value}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  )
}

interface DataFieldsProps {
  state: RuleFields
  change: (changes: Partial<RuleFields>) => void
  problem: string | undefined
}

function DataFields({ state, change, problem }: DataFieldsProps) {
  switch (state.type) {
    case 'keyword':
      return (
        <>
          <Field
            id="rule-data"
            label="Keywords"
            hint="One per line; any of them, anywhere in the text."
            problem={problem}
          >
            <textarea
              {...describedBy('rule-data', true, problem)}
              rows={5}
              value={state.keywords}
              onInput={(event) => change({ keywords: event.currentTarget.value })}
            />
          </Field>
          <label class="check">
            <input
              type="checkbox"
              checked={state.caseSensitive}
              onChange={(event) => change({ caseSensitive: event.currentTarget.checked })}
            />
            Upper and lower case differ
          </label>
        </>
      )
    case 'regex':
      return (
        <>
          <Field id="rule-data" label="Pattern" hint="Without look-around and back-references." problem={problem}>
            <input
              {...describedBy('rule-data', true, problem)}
              type="text"
              class="code"
              spellcheck={false}
              value={state.pattern}
              onInput={(event) => change({ pattern: event.currentTarget.value })}
            />
          </Field>
          {REGEX_FLAGS.map(([flag, meaning]) => (
            <label key={flag} class="check">
              <input
                type="checkbox"
                checked={state.flags.includes(flag)}
                onChange={(event) => {
                  const others = state.flags.filter((other) => other !== flag)
                  change({ flags: event.currentTarget.checked ? [...others, flag] : others })
                }}
              />
              {meaning}
            </label>
          ))}
        </>
      )
    case 'ai_prompt':
      return (
        <Field id="rule-data" label="Prompt" hint="The instructions for the language model." problem={problem}>
          <textarea
            {...describedBy('rule-data', true, problem)}
            rows={5}
            value={state.prompt}
            onInput={(event) => change({ prompt: event.currentTarget.value })}
          />
        </Field>
      )
  }
}

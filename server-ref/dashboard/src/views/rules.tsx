// The rules, in the order of evaluation.

import { type Signal, useSignal } from '@preact/signals'
import { explain } from '../api/http.ts'
import type { Rule } from '../api/types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { word } from '../parts/format.ts'
import { Problem } from '../parts/small.tsx'
import { announce } from '../state/announce.ts'
import type { ProjectState } from '../state/project.ts'
import type { Rules } from '../state/rules.ts'
import { RuleForm } from './rule_form.tsx'

type Open = { what: 'edit'; rule: Rule | undefined } | { what: 'delete'; rule: Rule } | undefined

export function RulesView({ project }: { project: ProjectState }) {
  const { rules, isAdmin } = project
  const open = useSignal<Open>(undefined)
  const problem = useSignal<string | undefined>(undefined)
  const list = rules.list.value
  const close = () => {
    open.value = undefined
  }
  return (
    <>
      {isAdmin ? (
        <button type="button" class="primary" onClick={() => (open.value = { what: 'edit', rule: undefined })}>
          New rule
        </button>
      ) : (
        <p class="hint">You can look at the rules; admins of the project change them.</p>
      )}
      <Problem text={problem.value ?? rules.problem.value} />
      {list?.length === 0 && <p class="empty">No rules: everything is approved.</p>}
      <ul class="rules" aria-label="Rules">
        {list?.map((rule) => (
          <RuleLine key={rule.id} rule={rule} rules={rules} isAdmin={isAdmin} open={open} problem={problem} />
        ))}
      </ul>
      {open.value?.what === 'edit' && <RuleForm rules={rules} rule={open.value.rule} onClose={close} />}
      {open.value?.what === 'delete' && <Delete rules={rules} rule={open.value.rule} onClose={close} />}
    </>
  )
}

interface LineProps {
  rule: Rule
  rules: Rules
  isAdmin: boolean
  open: Signal<Open>
  problem: Signal<string | undefined>
}

function RuleLine({ rule, rules, isAdmin, open, problem }: LineProps) {
  /** Pending changes, which a list that arrives in the meantime must not revert. */
  const wanted = useSignal<boolean | undefined>(undefined)
  const activate = async (isActive: boolean) => {
    const isAsking = wanted.value !== undefined
    wanted.value = isActive
    if (isAsking) return
    try {
      let asked: boolean
      do {
        // Once more if the user has changed their mind.
        asked = wanted.value
        await rules.activate(rule, asked)
      } while (asked !== wanted.value)
      problem.value = undefined
      announce(`${rule.name} is ${asked ? 'on' : 'off'}`)
    } catch (error) {
      problem.value = `${rule.name} was not changed: ${explain(error)}`
    }
    wanted.value = undefined
  }
  return (
    <li class={`card rule ${rule.is_active ? '' : 'off'}`}>
      <div>
        <h2>{rule.name}</h2>
        <p class="by">
          {word(rule.type)} · {word(rule.action)} · priority {rule.priority}
        </p>
        <p class="pattern">{pattern(rule)}</p>
      </div>
      <div class="buttons">
        <label class="switch">
          <input
            type="checkbox"
            checked={wanted.value ?? rule.is_active}
            disabled={!isAdmin}
            aria-label={`${rule.name} is on`}
            onChange={(event) => void activate(event.currentTarget.checked)}
          />
          <span aria-hidden="true">{rule.is_active ? 'On' : 'Off'}</span>
        </label>
        {isAdmin && (
          <>
            <button
              type="button"
              aria-label={`Edit ${rule.name}`}
              onClick={() => (open.value = { what: 'edit', rule })}
            >
              Edit
            </button>
            <button
              type="button"
              class="quiet"
              aria-label={`Delete ${rule.name}`}
              onClick={() => (open.value = { what: 'delete', rule })}
            >
              Delete
            </button>
          </>
        )}
      </div>
    </li>
  )
}

function pattern({ data }: Rule): string {
  if (data.keywords) return data.keywords.join(', ')
  if (data.pattern !== undefined) return `/${data.pattern}/${data.flags?.join('') ?? ''}`
  return data.prompt ?? ''
}

function Delete({ rules, rule, onClose }: { rules: Rules; rule: Rule; onClose: () => void }) {
  const problem = useSignal<string | undefined>(undefined)
  const remove = async () => {
    try {
      await rules.delete(rule)
      announce(`${rule.name} is deleted`)
      onClose()
    } catch (error) {
      problem.value = explain(error)
    }
  }
  return (
    <Dialog title={`Delete ${rule.name}?`} onClose={onClose}>
      <p>It stops deciding at once. What it decided stays decided.</p>
      <Problem text={problem.value} />
      <div class="buttons">
        <button type="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" class="reject" onClick={() => void remove()}>
          Delete
        </button>
      </div>
    </Dialog>
  )
}

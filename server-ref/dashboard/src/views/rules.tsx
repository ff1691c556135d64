// The view of the rules, in the order of evaluation.

import { type Signal, useSignal } from '@preact/signals'
import { errorMessage } from '../api/http.ts'
import type { Rule } from '../api/types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { displayName } from '../parts/format.ts'
import { Problem } from '../parts/small.tsx'
import { announce } from '../state/announce.ts'
import type { ProjectState } from '../state/project.ts'
import type { Rules } from '../state/rules.ts'
import { RuleForm } from './rule_form.tsx'

type OpenDialog = { kind: 'edit'; rule: Rule | undefined } | { kind: 'delete'; rule: Rule } | undefined

export function RulesView({ project }: { project: ProjectState }) {
  const { rules, isAdmin } = project
  const open = useSignal<OpenDialog>(undefined)
  const problem = useSignal<string | undefined>(undefined)
  const list = rules.list.value
  const close = () => {
    open.value = undefined
  }
  return (
    <>
      {isAdmin ? (
        <button type="button" class="primary" onClick={() => (open.value = { kind: 'edit', rule: undefined })}>
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
      {open.value?.kind === 'edit' && <RuleForm rules={rules} rule={open.value.rule} onClose={close} />}
      {open.value?.kind === 'delete' && <DeleteDialog rules={rules} rule={open.value.rule} onClose={close} />}
    </>
  )
}

interface RuleLineProps {
  rule: Rule
  rules: Rules
  isAdmin: boolean
  open: Signal<OpenDialog>
  problem: Signal<string | undefined>
}

function RuleLine({ rule, rules, isAdmin, open, problem }: RuleLineProps) {
  /** The requested state of the switch while a change is pending. A list that arrives meanwhile must not revert it. */
  const requestedState = useSignal<boolean | undefined>(undefined)
  const setActive = async (isActive: boolean) => {
    const isPending = requestedState.value !== undefined
    requestedState.value = isActive
    if (isPending) return
    try {
      let sentState: boolean
      do {
        // Repeats if the user moved the switch again.
        sentState = requestedState.value
        await rules.setActive(rule, sentState)
      } while (sentState !== requestedState.value)
      problem.value = undefined
      announce(`${rule.name} is ${sentState ? 'on' : 'off'}`)
    } catch (error) {
      problem.value = `${rule.name} was not changed: ${errorMessage(error)}`
    }
    requestedState.value = undefined
  }
  return (
    <li class={`card rule ${rule.is_active ? '' : 'off'}`}>
      <div>
        <h2>{rule.name}</h2>
        <p class="by">
          {displayName(rule.type)} · {displayName(rule.action)} · priority {rule.priority}
        </p>
        <p class="pattern">{searchText(rule)}</p>
      </div>
      <div class="buttons">
        <label class="switch">
          <input
            type="checkbox"
            checked={requestedState.value ?? rule.is_active}
            disabled={!isAdmin}
            aria-label={`${rule.name} is on`}
            onChange={(event) => void setActive(event.currentTarget.checked)}
          />
          <span aria-hidden="true">{rule.is_active ? 'On' : 'Off'}</span>
        </label>
        {isAdmin && (
          <>
            <button
              type="button"
              aria-label={`Edit ${rule.name}`}
              onClick={() => (open.value = { kind: 'edit', rule })}
            >
              Edit
            </button>
            <button
              type="button"
              class="quiet"
              aria-label={`Delete ${rule.name}`}
              onClick={() => (open.value = { kind: 'delete', rule })}
            >
              Delete
            </button>
          </>
        )}
      </div>
    </li>
  )
}

function searchText({ data }: Rule): string {
  if (data.keywords) return data.keywords.join(', ')
  if (data.pattern !== undefined) return `/${data.pattern}/${data.flags?.join('') ?? ''}`
  return data.prompt ?? ''
}

function DeleteDialog({ rules, rule, onClose }: { rules: Rules; rule: Rule; onClose: () => void }) {
  const problem = useSignal<string | undefined>(undefined)
  const remove = async () => {
    try {
      await rules.delete(rule)
      announce(`${rule.name} is deleted`)
      onClose()
    } catch (error) {
      problem.value = errorMessage(error)
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

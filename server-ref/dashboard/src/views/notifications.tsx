// The view of notifications: those in force, recent ones, and a form for new ones.

import { useSignal } from '@preact/signals'
import { errorMessage } from '../api/http.ts'
import type { Notification } from '../api/types.ts'
import { displayName } from '../parts/format.ts'
import { Badge, Card, Field, Problem, Time } from '../parts/small.tsx'
import { announce } from '../state/announce.ts'
import type { ProjectState } from '../state/project.ts'
import { useApp } from './shared.ts'

const NOTIFICATION_TYPES = ['info', 'success', 'warning', 'error'] as const

export function NotificationsView({ project }: { project: ProjectState }) {
  const { notices, isAdmin } = project
  const { session } = useApp()
  const isServerAdmin = session.value.state === 'signed in' && session.value.user.is_admin
  const problem = useSignal<string | undefined>(undefined)
  const canWithdraw = (one: Notification) => (one.project_id === null ? isServerAdmin : isAdmin)
  const withdraw = async (one: Notification) => {
    try {
      await notices.withdraw(one.id)
      problem.value = undefined
      announce('Withdrawn')
    } catch (error) {
      problem.value = `Not withdrawn: ${errorMessage(error)}`
    }
  }
  return (
    <div class="columns">
      <div class="stack">
        <Card title="In force" id="in-force">
          <Problem text={problem.value ?? notices.problem.value} />
          {notices.inForce.value.length === 0 && <p class="empty">None.</p>}
          <ul class="notices">
            {notices.inForce.value.map((one) => (
              <li key={one.id}>
                <Badge value={one.type} />
                <span class="text">{one.message}</span>
                <span class="by">
                  <Time at={one.created_at} />
                  {one.project_id === null && <> · all projects</>}
                </span>
                {canWithdraw(one) && (
                  <button type="button" aria-label={`Withdraw: ${one.message}`} onClick={() => void withdraw(one)}>
                    Withdraw
                  </button>
                )}
              </li>
            ))}
          </ul>
        </Card>
        <Card title="Recent" id="recent">
          {notices.recent.value.length === 0 && <p class="empty">None.</p>}
          <ul class="notices">
            {notices.recent.value.map((one) => (
              <li key={one.key}>
                <Badge value={one.type} />
                <span class="text">{one.message}</span>
                <span class="by">
                  <Time at={one.timestamp} />
                </span>
              </li>
            ))}
          </ul>
        </Card>
      </div>
      <div class="stack">
        {isAdmin ? (
          <PublishCard project={project} />
        ) : (
          <p class="hint">Admins of the project publish and withdraw notifications.</p>
        )}
      </div>
    </div>
  )
}

function PublishCard({ project }: { project: ProjectState }) {
  const type = useSignal<string>('info')
  const message = useSignal('')
  const persistent = useSignal(false)
  const problem = useSignal<string | undefined>(undefined)
  const publish = async (event: Event) => {
    event.preventDefault()
    const draft = { type: type.value, message: message.value, persistent: persistent.value }
    try {
      await project.notices.publish({ ...draft, project_id: project.project.id })
      problem.value = undefined
      message.value = ''
    } catch (error) {
      problem.value = errorMessage(error)
    }
  }
  return (
    <Card title="Tell everybody" id="publish">
      <form onSubmit={publish}>
        <Field id="notice-type" label="Type">
          <select id="notice-type" value={type.value} onChange={(event) => (type.value = event.currentTarget.value)}>
            {NOTIFICATION_TYPES.map((one) => (
              <option key={one} value={one}>
                {displayName(one)}
              </option>
            ))}
          </select>
        </Field>
        <Field id="notice-message" label="Message">
          <textarea
            id="notice-message"
            rows={3}
            required
            maxLength={2000}
            value={message.value}
            onInput={(event) => (message.value = event.currentTarget.value)}
          />
        </Field>
        <label class="check">
          <input
            type="checkbox"
            checked={persistent.value}
            onChange={(event) => (persistent.value = event.currentTarget.checked)}
          />
          Until it is withdrawn
        </label>
        <Problem text={problem.value} />
        <button type="submit" class="primary">
          Publish
        </button>
      </form>
    </Card>
  )
}

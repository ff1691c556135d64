// Invitations for the signed-in user to accept or decline: those sent to the email address, and the one of a link.

import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { errorMessage } from '../api/http.ts'
import { displayName } from '../parts/format.ts'
import { Card, Problem, Time } from '../parts/small.tsx'
import { announce } from '../state/announce.ts'
import { projectLink, route } from '../state/route.ts'
import { useApp } from './shared.ts'

export function ReceivedInvitations() {
  const app = useApp()
  const { inbox } = app
  const problem = useSignal<string | undefined>(undefined)
  const token = route.value.invitation
  useEffect(() => void inbox.refresh(), [inbox])
  const runAndShowProblem = async (action: () => Promise<void>) => {
    try {
      await action()
      problem.value = undefined
    } catch (error) {
      problem.value = errorMessage(error)
    }
  }
  const accept = (key: string) =>
    runAndShowProblem(async () => {
      const project = await app.acceptInvitation(key)
      announce('Accepted')
      location.hash = projectLink(project.id, 'live')
    })
  const decline = (key: string) =>
    runAndShowProblem(async () => {
      await inbox.decline(key)
      announce('Declined')
      if (key === token) location.hash = '#/'
    })
  const list = inbox.list.value
  if (token === undefined && list.length === 0 && problem.value === undefined) return null
  return (
    <Card title="Invitations" id="received">
      <Problem text={problem.value ?? inbox.problem.value} />
      {token !== undefined && (
        <div class="people">
          <p>You followed the link of an invitation to a project.</p>
          <button type="button" class="primary" onClick={() => void accept(token)}>
            Accept
          </button>{' '}
          <button type="button" onClick={() => void decline(token)}>
            Decline
          </button>
        </div>
      )}
      <ul class="people">
        {list.map((one) => (
          <li key={one.id}>
            <span class="text">{one.project_name}</span>
            <span class="by">
              {displayName(one.role)} · {one.invited_by} · until <Time at={one.expires_at} />
            </span>
            <button type="button" aria-label={`Accept: ${one.project_name}`} onClick={() => void accept(one.id)}>
              Accept
            </button>
            <button type="button" aria-label={`Decline: ${one.project_name}`} onClick={() => void decline(one.id)}>
              Decline
            </button>
          </li>
        ))}
      </ul>
    </Card>
  )
}

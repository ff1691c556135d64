// The members of a project, and invitations to it.

import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { errorMessage } from '../api/http.ts'
import type { Invitation, Role } from '../api/types.ts'
import { displayName } from '../parts/format.ts'
import { Card, Field, Problem, Time } from '../parts/small.tsx'
import { announce } from '../state/announce.ts'
import type { ProjectState } from '../state/project.ts'

export function MembersView({ project }: { project: ProjectState }) {
  const { members, isAdmin } = project
  useEffect(() => void members.refresh(), [members])
  return (
    <div class="columns">
      <div class="stack">
        <Card title="Members" id="members">
          <Problem text={members.problem.value} />
          <ul class="people">
            {members.list.value?.map((member) => (
              <li key={member.user_id}>
                <span class="text">{member.email}</span>
                <span class="by">{displayName(member.role)}</span>
              </li>
            ))}
          </ul>
        </Card>
        {isAdmin && <PendingInvitations project={project} />}
      </div>
      <div class="stack">
        {isAdmin ? <InviteCard project={project} /> : <p class="hint">Admins of the project invite members.</p>}
      </div>
    </div>
  )
}

function PendingInvitations({ project: { members } }: { project: ProjectState }) {
  const problem = useSignal<string | undefined>(undefined)
  const withdraw = async (invitation: Invitation) => {
    try {
      await members.withdrawInvitation(invitation)
      problem.value = undefined
      announce('Withdrawn')
    } catch (error) {
      problem.value = `Not withdrawn: ${errorMessage(error)}`
    }
  }
  return (
    <Card title="Invitations" id="invitations">
      <Problem text={problem.value} />
      {members.invitations.value.length === 0 && <p class="empty">None waits for an answer.</p>}
      <ul class="people">
        {members.invitations.value.map((one) => (
          <li key={one.id}>
            <span class="text">{one.email}</span>
            <span class="by">
              {displayName(one.role)} · until <Time at={one.expires_at} />
            </span>
            <button
              type="button"
              aria-label={`Withdraw the invitation of ${one.email}`}
              onClick={() => void withdraw(one)}
            >
              Withdraw
            </button>
          </li>
        ))}
      </ul>
    </Card>
  )
}

function InviteCard({ project }: { project: ProjectState }) {
  const email = useSignal('')
  const role = useSignal<Role>('member')
  const link = useSignal<string | undefined>(undefined)
  const problem = useSignal<string | undefined>(undefined)
  const roles: Role[] = project.project.role === 'owner' ? ['member', 'admin', 'owner'] : ['member']
  const invite = async (event: Event) => {
    event.preventDefault()
    try {
      link.value = await project.members.invite(email.value, role.value)
      problem.value = undefined
      email.value = ''
      announce('Invited')
    } catch (error) {
      problem.value = errorMessage(error)
    }
  }
  return (
    <Card title="Invite" id="invite">
      <form onSubmit={invite}>
        <Field id="invite-email" label="Email">
          <input
            id="invite-email"
            type="email"
            required
            maxLength={254}
            value={email.value}
            onInput={(event) => (email.value = event.currentTarget.value)}
          />
        </Field>
        <Field id="invite-role" label="Role">
          <select
            id="invite-role"
            value={role.value}
            onChange={(event) => (role.value = event.currentTarget.value as Role)}
          >
            {roles.map((one) => (
              <option key={one} value={one}>
                {displayName(one)}
              </option>
            ))}
          </select>
        </Field>
        <Problem text={problem.value} />
        <button type="submit" class="primary">
          Invite
        </button>
      </form>
      {link.value !== undefined && (
        <Field
          id="invite-link"
          label="Link"
          hint="The invited user finds the invitation after signing in. This link, shown once, leads there; only they can use it, within seven days."
        >
          <input
            id="invite-link"
            type="text"
            readOnly
            aria-describedby="invite-link-hint"
            value={link.value}
            onFocus={(event) => event.currentTarget.select()}
          />
        </Field>
      )}
    </Card>
  )
}

// The members of a project, and its pending invitations.

import { signal } from '@preact/signals'
import { type Api, errorMessage } from '../api/http.ts'
import type { Invitation, Member, NewInvitation, Role } from '../api/types.ts'

export class Members {
  readonly list = signal<readonly Member[] | undefined>(undefined)
  readonly invitations = signal<readonly Invitation[]>([])
  readonly problem = signal<string | undefined>(undefined)
  readonly #path: string

  constructor(
    private readonly api: Api,
    projectId: string,
    /** Only admins may list the invitations. */
    private readonly isAdmin: boolean,
  ) {
    this.#path = `/api/projects/${encodeURIComponent(projectId)}`
  }

  async refresh(): Promise<void> {
    try {
      const { members } = await this.api.get<{ members: Member[] }>(`${this.#path}/members`)
      this.list.value = members
      if (this.isAdmin) {
        const answer = await this.api.get<{ invitations: Invitation[] }>(`${this.#path}/invitations`)
        this.invitations.value = answer.invitations
      }
      this.problem.value = undefined
    } catch (error) {
      this.problem.value = errorMessage(error)
    }
  }

  /**
   * Invites a user. Returns the link with which the user can accept the invitation. Throws if the invitation fails.
   */
  async invite(email: string, role: Role): Promise<string> {
    const answer = await this.api.post<{ invitation: NewInvitation }>(`${this.#path}/invitations`, { email, role })
    await this.refresh()
    return `${location.origin}/dashboard/#/invitations/${answer.invitation.token}`
  }

  async withdrawInvitation(invitation: Invitation): Promise<void> {
    await this.api.delete(`${this.#path}/invitations/${encodeURIComponent(invitation.id)}`)
    await this.refresh()
  }
}

// The invitations that the signed-in user has received.

import { signal } from '@preact/signals'
import { type Api, errorMessage } from '../api/http.ts'
import type { Project, ReceivedInvitation } from '../api/types.ts'

export class InvitationInbox {
  readonly list = signal<readonly ReceivedInvitation[]>([])
  readonly problem = signal<string | undefined>(undefined)

  constructor(private readonly api: Api) {}

  async refresh(): Promise<void> {
    try {
      const { invitations } = await this.api.get<{ invitations: ReceivedInvitation[] }>('/api/invitations')
      this.list.value = invitations
      this.problem.value = undefined
    } catch (error) {
      this.problem.value = errorMessage(error)
    }
  }

  /** Accepts the invitation with this id, or with this token from its link. Throws if the request fails. */
  async accept(key: string): Promise<Project> {
    const { project } = await this.api.post<{ project: Project }>(path(key), {})
    await this.refresh()
    return project
  }

  async decline(key: string): Promise<void> {
    await this.api.delete(path(key))
    await this.refresh()
  }
}

const path = (key: string) => `/api/invitations/${encodeURIComponent(key)}`

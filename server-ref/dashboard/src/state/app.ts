// The page's state: the signed-in user, their projects, the connection, and the shown project.

import { effect, signal, untracked } from '@preact/signals'
import { Api, ApiError, errorMessage } from '../api/http.ts'
import type { Project, User } from '../api/types.ts'
import { Connection } from '../live/connection.ts'
import { announce } from './announce.ts'
import { ProjectState } from './project.ts'
import { InvitationInbox } from './received.ts'
import { projectLink, route } from './route.ts'

const START_RETRY_DELAY = 3000

/** `ended` means that the session is no longer valid. */
export type Session =
  | { state: 'starting'; problem: string | undefined }
  | { state: 'signed in'; user: User; token: string }
  | { state: 'ended' }

export class App {
  readonly session = signal<Session>({ state: 'starting', problem: undefined })
  readonly projects = signal<readonly Project[]>([])
  readonly currentProject = signal<ProjectState | undefined>(undefined)
  readonly api = new Api(() => this.#endSession())
  readonly inbox = new InvitationInbox(this.api)
  readonly connection = new Connection(() => this.#endSession())

  async start(): Promise<void> {
    try {
      const { user, csrf_token: token } = await this.api.fetchSession()
      await Promise.all([this.refreshProjects(), this.inbox.refresh()])
      this.session.value = { state: 'signed in', user, token }
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return
      this.session.value = { state: 'starting', problem: errorMessage(error) }
      setTimeout(() => void this.start(), START_RETRY_DELAY)
      return
    }
    const [first, ...others] = this.projects.value
    const isNowhere = route.value.projectId === undefined && route.value.invitation === undefined
    // The list of projects also shows received invitations, so the page skips the list only if there are no
    // invitations.
    if (isNowhere && first && others.length === 0 && this.inbox.list.value.length === 0)
      location.replace(projectLink(first.id, 'live'))
    this.connection.open()
    effect(() => this.#showProject(route.value.projectId, this.projects.value))
    effect(() => this.#announceConnection())
  }

  async refreshProjects(): Promise<void> {
    const { projects } = await this.api.get<{ projects: Project[] }>('/api/projects')
    this.projects.value = projects
  }

  /** Creates a project. Throws if a request fails. */
  async createProject(name: string): Promise<Project> {
    const { project } = await this.api.post<{ project: Project }>('/api/projects', { name })
    await this.refreshProjects()
    return project
  }

  /** Accepts the invitation with this id or token. Throws if it can't be accepted or the projects can't be fetched. */
  async acceptInvitation(key: string): Promise<Project> {
    const project = await this.inbox.accept(key)
    await this.refreshProjects()
    return project
  }

  #showProject(id: string | undefined, projects: readonly Project[]): void {
    const project = projects.find((one) => one.id === id)
    untracked(() => {
      const before = this.currentProject.value
      if (before?.project.id === project?.id) return
      before?.close()
      this.connection.unfollow()
      this.currentProject.value = project && new ProjectState(this.api, project)
      if (project && this.currentProject.value) this.connection.follow(project.id, this.currentProject.value)
    })
  }

  #announcedState = 'connecting'
  #announceConnection(): void {
    const { state } = this.connection.link.value
    // While another project is being joined, the state is `connecting`. This is not an interruption.
    if (state === 'connecting' || state === this.#announcedState) return
    if (state === 'lost') announce('The connection is lost; trying again')
    if (state === 'live' && this.#announcedState === 'lost') announce('Connected again')
    this.#announcedState = state
  }

  #endSession(): void {
    // If there is no session when the page starts, the user needs the sign-in form.
    if (this.session.value.state === 'starting') location.assign('/auth/login')
    else this.session.value = { state: 'ended' }
    this.connection.close()
  }
}

// The signed-in user, their projects, the connection, and the shown project.

import { effect, signal, untracked } from '@preact/signals'
import { Api, ApiError, explain } from '../api/http.ts'
import type { Project, User } from '../api/types.ts'
import { Connection } from '../live/connection.ts'
import { announce } from './announce.ts'
import { ProjectState } from './project.ts'
import { Received } from './received.ts'
import { link, route } from './route.ts'

const RETRY = 3000

/** `ended`: the server no longer knows the session. */
export type Session =
  | { state: 'starting'; problem: string | undefined }
  | { state: 'signed in'; user: User; token: string }
  | { state: 'ended' }

export class App {
  readonly session = signal<Session>({ state: 'starting', problem: undefined })
  readonly projects = signal<readonly Project[]>([])
  readonly current = signal<ProjectState | undefined>(undefined)
  readonly api = new Api(() => this.#end())
  readonly received = new Received(this.api)
  readonly connection = new Connection(() => this.#end())

  async start(): Promise<void> {
    try {
      const { user, csrf_token: token } = await this.api.signedIn()
      await Promise.all([this.refresh(), this.received.refresh()])
      this.session.value = { state: 'signed in', user, token }
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return
      this.session.value = { state: 'starting', problem: explain(error) }
      setTimeout(() => void this.start(), RETRY)
      return
    }
    const [only, ...others] = this.projects.value
    const isNowhere = route.value.projectId === undefined && route.value.invitation === undefined
    // An invitation is on the list of projects.
    if (isNowhere && only && others.length === 0 && this.received.list.value.length === 0)
      location.replace(link(only.id, 'live'))
    this.connection.open()
    effect(() => this.#look(route.value.projectId, this.projects.value))
    effect(() => this.#tell())
  }

  async refresh(): Promise<void> {
    const { projects } = await this.api.get<{ projects: Project[] }>('/api/projects')
    this.projects.value = projects
  }

  /** Throws the server's refusal. */
  async createProject(name: string): Promise<Project> {
    const { project } = await this.api.post<{ project: Project }>('/api/projects', { name })
    await this.refresh()
    return project
  }

  /** Accepts an invitation. Throws what the server says against it. */
  async accept(key: string): Promise<Project> {
    const project = await this.received.accept(key)
    await this.refresh()
    return project
  }

  #look(id: string | undefined, projects: readonly Project[]): void {
    const project = projects.find((one) => one.id === id)
    untracked(() => {
      const before = this.current.value
      if (before?.project.id === project?.id) return
      before?.close()
      this.connection.unfollow()
      this.current.value = project && new ProjectState(this.api, project)
      if (project && this.current.value) this.connection.follow(project.id, this.current.value)
    })
  }

  #told = 'connecting'
  #tell(): void {
    const { state } = this.connection.link.value
    // Joining another project is no interruption.
    if (state === 'connecting' || state === this.#told) return
    if (state === 'lost') announce('The connection is lost; trying again')
    if (state === 'live' && this.#told === 'lost') announce('Connected again')
    this.#told = state
  }

  #end(): void {
    // From the start, because the form is wanted.
    if (this.session.value.state === 'starting') location.assign('/auth/login')
    else this.session.value = { state: 'ended' }
    this.connection.close()
  }
}

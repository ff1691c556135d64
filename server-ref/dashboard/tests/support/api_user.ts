// A user who calls the REST interface. Tests use such users to prepare data and to act without a browser.

import { randomUUID } from 'node:crypto'
import type { Server } from './server.ts'

export const TEST_PASSWORD = 'correct horse battery'

export class ApiUser {
  private constructor(
    private readonly server: Server,
    readonly email: string,
    readonly password: string,
    private readonly headers: Record<string, string>,
  ) {}

  static async signIn(server: Server, email: string, password: string): Promise<ApiUser> {
    const url = `${server.url}/auth/login`
    const form = await fetch(url)
    const token = /name="csrf_token" value="([^"]+)"/.exec(await form.text())?.[1] ?? ''
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie: cookie(form) },
      body: new URLSearchParams({ csrf_token: token, email, password }),
    })
    if (answer.status !== 302) throw new Error(`${email} could not sign in: ${answer.status}`)
    const headers = { cookie: cookie(answer) }
    const session = await (await fetch(`${server.url}/auth/csrf`, { headers })).json()
    return new ApiUser(server, email, password, { ...headers, 'x-csrf-token': session.csrf_token })
  }

  static signInAsDemoUser(server: Server): Promise<ApiUser> {
    return ApiUser.signIn(server, server.ready.email, server.ready.password)
  }

  // biome-ignore lint/suspicious/noExplicitAny: answers have different types, and tests compare them
  async call(method: string, path: string, body?: unknown): Promise<any> {
    const init: RequestInit = { method, headers: { ...this.headers, 'content-type': 'application/json' } }
    if (body !== undefined) init.body = JSON.stringify(body)
    const response = await fetch(`${this.server.url}${path}`, init)
    const answer = await response.json()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
    return answer
  }

  async createProject(name: string): Promise<string> {
    return (await this.call('POST', '/api/projects', { name })).project.id
  }

  moderate(projectId: string, content: string, metadata: object = {}): Promise<{ content_id: string; status: string }> {
    return this.call('POST', `/api/moderate?project_id=${projectId}`, { content, metadata })
  }

  /** Adds a rule with this keyword. */
  async addRule(projectId: string, word: string, action: string): Promise<void> {
    const rule = { name: `No ${word}`, type: 'keyword', data: { keywords: [word] }, action }
    await this.call('POST', `/api/projects/${projectId}/rules`, rule)
  }

  /** Creates a user, and makes them a member of the project with this role. */
  async addMember(projectId: string, name: string, role: string): Promise<ApiUser> {
    const email = `${name}-${randomUUID()}@automoderate.example`
    await this.call('POST', '/api/users', { email, password: TEST_PASSWORD })
    const { invitation } = await this.call('POST', `/api/projects/${projectId}/invitations`, { email, role })
    const person = await ApiUser.signIn(this.server, email, TEST_PASSWORD)
    await person.call('POST', `/api/invitations/${invitation.token}`)
    return person
  }
}

function cookie(response: Response): string {
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

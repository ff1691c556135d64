// The view of the signed-in user's projects.

import { useSignal } from '@preact/signals'
import { errorMessage } from '../api/http.ts'
import { displayName } from '../parts/format.ts'
import { Card, Field, Problem } from '../parts/small.tsx'
import { projectLink } from '../state/route.ts'
import { ReceivedInvitations } from './received.tsx'
import { useApp } from './shared.ts'

export function ProjectsView() {
  const app = useApp()
  const projects = app.projects.value
  const name = useSignal('')
  const problem = useSignal<string | undefined>(undefined)
  const create = async (event: Event) => {
    event.preventDefault()
    try {
      const project = await app.createProject(name.value)
      location.hash = projectLink(project.id, 'live')
    } catch (error) {
      problem.value = errorMessage(error)
    }
  }
  return (
    <div class="columns">
      <ul class="projects" aria-label="Projects">
        {projects.map((project) => (
          <li key={project.id}>
            <a class="card" href={projectLink(project.id, 'live')}>
              <strong>{project.name}</strong>
              <span class="by">{project.role && displayName(project.role)}</span>
            </a>
          </li>
        ))}
        {projects.length === 0 && <li class="empty">You are in no project yet.</li>}
      </ul>
      <div class="stack">
        <ReceivedInvitations />
        <Card title="New project" id="new-project">
          <form onSubmit={create}>
            <Field id="project-name" label="Name">
              <input
                id="project-name"
                type="text"
                required
                maxLength={200}
                value={name.value}
                onInput={(event) => (name.value = event.currentTarget.value)}
              />
            </Field>
            <Problem text={problem.value} />
            <button type="submit">Create</button>
          </form>
        </Card>
      </div>
    </div>
  )
}

// The frame of all views: the header, the navigation, and the state of the connection.

import { useEffect, useRef } from 'preact/hooks'
import { formatNumber } from '../parts/format.ts'
import { announcement } from '../state/announce.ts'
import type { ProjectState } from '../state/project.ts'
import { projectLink, route, VIEWS, type View } from '../state/route.ts'
import { THEMES, type Theme, theme } from '../state/theme.ts'
import { LiveView } from './live.tsx'
import { MembersView } from './members.tsx'
import { Banners, Toasts } from './notices.tsx'
import { NotificationsView } from './notifications.tsx'
import { ProjectsView } from './projects.tsx'
import { ReviewView } from './review.tsx'
import { RulesView } from './rules.tsx'
import { useApp } from './shared.ts'

const TITLES: Record<View, string> = {
  live: 'Live',
  review: 'Review',
  rules: 'Rules',
  notifications: 'Notifications',
  members: 'Members',
}

export function Shell() {
  const { currentProject } = useApp()
  const project = currentProject.value
  const { view, projectId } = route.value
  const title = projectId === undefined ? 'Projects' : TITLES[view]
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: it moves the focus, and screen readers list it as a link */}
      <a class="skip" href="#main" onClick={focusMain}>
        Skip to the content
      </a>
      <Header />
      {project && <Navigation project={project} view={view} />}
      <main id="main" tabIndex={-1}>
        {project && <Banners notices={project.notices} />}
        <Heading title={title} project={project?.project.name} />
        <CurrentView />
      </main>
      <Toasts notices={project?.notices} />
      <p class="hidden" aria-live="polite">
        {announcement.value}
      </p>
    </>
  )
}

/** Moves the focus without following the link, because the URL's hash contains the route. */
function focusMain(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function CurrentView() {
  const { currentProject, projects } = useApp()
  const { view, projectId } = route.value
  const project = currentProject.value
  if (projectId === undefined) return <ProjectsView />
  if (!project) {
    const known = projects.value.some((one) => one.id === projectId)
    return <p class="empty">{known ? 'Loading …' : 'There is no such project, or you are not a member of it.'}</p>
  }
  if (project.refusal.value !== undefined) return <p class="problem">{project.refusal.value}</p>
  switch (view) {
    case 'live':
      return <LiveView key={projectId} project={project} />
    case 'review':
      return <ReviewView key={projectId} project={project} />
    case 'rules':
      return <RulesView key={projectId} project={project} />
    case 'notifications':
      return <NotificationsView key={projectId} project={project} />
    case 'members':
      return <MembersView key={projectId} project={project} />
  }
}

/** Gets the focus when the view changes, so that keyboard and screen reader continue from there. */
function Heading({ title, project }: { title: string; project: string | undefined }) {
  const heading = useRef<HTMLHeadingElement>(null)
  const isFirst = useRef(true)
  useEffect(() => {
    document.title = [title, project, 'AutoModerate'].filter(Boolean).join(' – ')
    // The list of projects keeps the focus, because its arrow keys switch between projects.
    if (!isFirst.current && !document.activeElement?.matches('select')) heading.current?.focus()
    isFirst.current = false
  }, [title, project])
  return (
    <h1 ref={heading} tabIndex={-1}>
      {title}
    </h1>
  )
}

function Header() {
  const { session, projects } = useApp()
  const { projectId } = route.value
  const signedIn = session.value.state === 'signed in' ? session.value : undefined
  const choose = (id: string) => {
    location.hash = id === '' ? '#/' : projectLink(id, 'live')
  }
  return (
    <header class="top">
      <a class="brand" href="#/" aria-label="AutoModerate, all projects">
        <img src="/dashboard/icon.svg" alt="" width="28" height="28" />
        <span>AutoModerate</span>
      </a>
      <label class="project">
        <span class="hidden">Project</span>
        <select value={projectId ?? ''} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">All projects</option>
          {projects.value.map((project) => (
            <option key={project.id} value={project.id}>
              {project.name}
            </option>
          ))}
        </select>
      </label>
      <ConnectionState />
      <label class="theme">
        <span class="hidden">Colours</span>
        <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
          {THEMES.map((one) => (
            <option key={one} value={one}>
              {one === 'system' ? 'Automatic' : one === 'light' ? 'Light' : 'Dark'}
            </option>
          ))}
        </select>
      </label>
      <form class="user" method="post" action="/auth/logout">
        <input type="hidden" name="csrf_token" value={signedIn?.token} />
        <span class="email">{signedIn?.user.email}</span>
        <button type="submit">Sign out</button>
      </form>
    </header>
  )
}

function ConnectionState() {
  const status = useApp().connection.link.value
  const text =
    status.state === 'live'
      ? 'Live'
      : status.state === 'connecting'
        ? 'Connecting …'
        : `Reconnecting${status.attempt > 1 ? ` (attempt ${status.attempt})` : ''} …`
  return (
    <p class={`link ${status.state}`} title={status.state === 'lost' ? status.cause : ''} data-state={status.state}>
      {text}
    </p>
  )
}

function Navigation({ project, view }: { project: ProjectState; view: View }) {
  const queueLength = project.queue.total.value
  return (
    <nav aria-label="Project">
      <ul>
        {VIEWS.map((one) => (
          <li key={one}>
            <a href={projectLink(project.project.id, one)} aria-current={one === view ? 'page' : undefined}>
              {TITLES[one]}
              {one === 'review' && queueLength > 0 && (
                <>
                  {' '}
                  <span class="count">
                    {formatNumber(queueLength)}
                    <span class="hidden"> waiting</span>
                  </span>
                </>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

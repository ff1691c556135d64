// The frame: the user, the navigation, and the state of the connection.

import { useEffect, useRef } from 'preact/hooks'
import { formatNumber } from '../parts/format.ts'
import { announced } from '../state/announce.ts'
import type { ProjectState } from '../state/project.ts'
import { link, route, VIEWS, type View } from '../state/route.ts'
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
  const { current } = useApp()
  const project = current.value
  const { view, projectId } = route.value
  const title = projectId === undefined ? 'Projects' : TITLES[view]
  return (
    <>
      {/* biome-ignore lint/a11y/useValidAnchor: it goes somewhere, and screen readers list it as a link */}
      <a class="skip" href="#main" onClick={toMain}>
        Skip to the content
      </a>
      <Header />
      {project && <Nav project={project} view={view} />}
      <main id="main" tabIndex={-1}>
        {project && <Banners notices={project.notices} />}
        <Heading title={title} project={project?.project.name} />
        <Main />
      </main>
      <Toasts notices={project?.notices} />
      <p class="hidden" aria-live="polite">
        {announced.value}
      </p>
    </>
  )
}

/** The hash is the current place, which the link must not change. */
function toMain(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function Main() {
  const { current, projects } = useApp()
  const { view, projectId } = route.value
  const project = current.value
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

/** Receives the focus when the view changes, so that keyboard and screen reader start there. */
function Heading({ title, project }: { title: string; project: string | undefined }) {
  const heading = useRef<HTMLHeadingElement>(null)
  const isFirst = useRef(true)
  useEffect(() => {
    document.title = [title, project, 'AutoModerate'].filter(Boolean).join(' – ')
    // Not from the list of projects, in which arrow keys move from one to the next.
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
    location.hash = id === '' ? '#/' : link(id, 'live')
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
      <LinkState />
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

function LinkState() {
  const link = useApp().connection.link.value
  const text =
    link.state === 'live'
      ? 'Live'
      : link.state === 'connecting'
        ? 'Connecting …'
        : `Reconnecting${link.attempt > 1 ? ` (attempt ${link.attempt})` : ''} …`
  return (
    <p class={`link ${link.state}`} title={link.state === 'lost' ? link.cause : ''} data-state={link.state}>
      {text}
    </p>
  )
}

function Nav({ project, view }: { project: ProjectState; view: View }) {
  const waiting = project.queue.total.value
  return (
    <nav aria-label="Project">
      <ul>
        {VIEWS.map((one) => (
          <li key={one}>
            <a href={link(project.project.id, one)} aria-current={one === view ? 'page' : undefined}>
              {TITLES[one]}
              {one === 'review' && waiting > 0 && (
                <>
                  {' '}
                  <span class="count">
                    {formatNumber(waiting)}
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

// The route in the URL's hash: `#/projects/ID/VIEW`, `#/invitations/TOKEN`, or `#/` for the list of projects. With
// `#/invitations/TOKEN`, the page shows the list and the invitation with this token.

import { signal } from '@preact/signals'

export const VIEWS = ['live', 'review', 'rules', 'notifications', 'members'] as const
export type View = (typeof VIEWS)[number]

export interface Route {
  projectId: string | undefined
  view: View
  /** Token of the invitation whose link the user followed. */
  invitation?: string
}

export function parseRoute(hash: string): Route {
  const [, section, id, view] = hash.split('/')
  if (section === 'invitations' && id) return { projectId: undefined, view: 'live', invitation: decode(id) }
  if (section !== 'projects' || !id) return { projectId: undefined, view: 'live' }
  return { projectId: decode(id), view: VIEWS.find((known) => known === view) ?? 'live' }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export function projectLink(projectId: string, view: View): string {
  return `#/projects/${encodeURIComponent(projectId)}/${view}`
}

export const route = signal<Route>(parseRoute(location.hash))

addEventListener('hashchange', () => {
  route.value = parseRoute(location.hash)
})

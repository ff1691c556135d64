// The place in the page: `#/projects/ID/VIEW`, the list of projects, or `#/invitations/TOKEN`, which shows the list too.

import { signal } from '@preact/signals'

export const VIEWS = ['live', 'review', 'rules', 'notifications', 'members'] as const
export type View = (typeof VIEWS)[number]

export interface Route {
  projectId: string | undefined
  view: View
  /** The token of an invitation whose link was followed. */
  invitation?: string
}

export function parse(hash: string): Route {
  const [, place, id, view] = hash.split('/')
  if (place === 'invitations' && id) return { projectId: undefined, view: 'live', invitation: decode(id) }
  if (place !== 'projects' || !id) return { projectId: undefined, view: 'live' }
  return { projectId: decode(id), view: VIEWS.find((known) => known === view) ?? 'live' }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export function link(projectId: string, view: View): string {
  return `#/projects/${encodeURIComponent(projectId)}/${view}`
}

export const route = signal<Route>(parse(location.hash))

addEventListener('hashchange', () => {
  route.value = parse(location.hash)
})

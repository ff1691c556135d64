// Shared state of all views.

import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { App } from '../state/app.ts'

export const Shared = createContext<App | undefined>(undefined)

export function useApp(): App {
  const app = useContext(Shared)
  if (!app) throw new Error('A view is drawn outside the page')
  return app
}

// The colour theme: light, dark, or the system's setting.

import { effect, signal } from '@preact/signals'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const STORAGE_KEY = 'automoderate-theme'

function storedTheme(): Theme {
  // Reading `localStorage` throws if the browser denies the page access to it.
  try {
    const text = localStorage.getItem(STORAGE_KEY)
    return THEMES.find((theme) => theme === text) ?? 'system'
  } catch {
    return 'system'
  }
}

export const theme = signal<Theme>(storedTheme())

effect(() => {
  document.documentElement.dataset['theme'] = theme.value
  try {
    localStorage.setItem(STORAGE_KEY, theme.value)
  } catch {
    // Without storage, the theme applies until the page is closed or reloaded.
  }
})

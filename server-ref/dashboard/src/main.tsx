import { render } from 'preact'
import { Problem } from './parts/small.tsx'
import { App } from './state/app.ts'
import './state/theme.ts'
import { AppContext, useApp } from './views/shared.ts'
import { Shell } from './views/shell.tsx'

function Page() {
  const session = useApp().session.value
  switch (session.state) {
    case 'starting':
      return (
        <main class="alone">
          <p role="status">Loading …</p>
          <Problem text={session.problem} />
        </main>
      )
    case 'ended':
      return (
        <main class="alone">
          <h1>You are signed out</h1>
          <p role="alert">Your session has ended.</p>
          <a href="/auth/login">Sign in again</a>
        </main>
      )
    case 'signed in':
      return <Shell />
  }
}

const root = document.getElementById('app')
if (root) {
  const app = new App()
  root.replaceChildren()
  render(
    <AppContext.Provider value={app}>
      <Page />
    </AppContext.Provider>,
    root,
  )
  void app.start()
}

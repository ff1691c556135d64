// Small components of the views.

import type { ComponentChildren } from 'preact'
import { formatTime, word } from './format.ts'

const KNOWN = new Set(['approved', 'rejected', 'flagged', 'pending', 'info', 'warning', 'error', 'success'])

/** The class for the colour of a status or of a notification's type. */
export function tone(of: string): string {
  return KNOWN.has(of) ? of : 'other'
}

export function Badge({ of }: { of: string }) {
  return <span class={`badge ${tone(of)}`}>{word(of)}</span>
}

export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={at}>
      {formatTime(at)}
    </time>
  )
}

/** An error, announced at once. */
export function Problem({ text }: { text: string | undefined }) {
  return text === undefined ? null : (
    <p class="problem" role="alert">
      {text}
    </p>
  )
}

export function Card(props: { title: string; id: string; aside?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="card" aria-labelledby={props.id}>
      <header class="card-head">
        <h2 id={props.id}>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  )
}

/** A label above its control, with the server's complaint about it. */
export function Field(props: {
  id: string
  label: string
  hint?: string
  problem?: string | undefined
  children: ComponentChildren
}) {
  return (
    <div class="field">
      <label for={props.id}>{props.label}</label>
      {props.hint !== undefined && (
        <p class="hint" id={`${props.id}-hint`}>
          {props.hint}
        </p>
      )}
      {props.children}
      {props.problem !== undefined && (
        // A complaint with several lines shows a place in the text.
        <p
          class={`field-problem ${props.problem.includes('\n') ? 'code' : ''}`}
          id={`${props.id}-problem`}
          role="alert"
        >
          {props.problem}
        </p>
      )}
    </div>
  )
}

/** A control's attributes for screen readers: its hint and its problem. */
export function described(id: string, hint: boolean, problem: string | undefined) {
  const ids = [hint && `${id}-hint`, problem !== undefined && `${id}-problem`].filter(Boolean)
  return {
    id,
    'aria-invalid': problem !== undefined,
    ...(ids.length > 0 && { 'aria-describedby': ids.join(' ') }),
  }
}

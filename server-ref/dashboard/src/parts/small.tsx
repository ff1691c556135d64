// Small components that several views share.

import type { ComponentChildren } from 'preact'
import { displayName, formatTime } from './format.ts'

const KNOWN_TONES = new Set(['approved', 'rejected', 'flagged', 'pending', 'info', 'warning', 'error', 'success'])

/** Returns the CSS class for the colour of a status or a notification type. */
export function toneClass(value: string): string {
  return KNOWN_TONES.has(value) ? value : 'other'
}

export function Badge({ value }: { value: string }) {
  return <span class={`badge ${toneClass(value)}`}>{displayName(value)}</span>
}

export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={at}>
      {formatTime(at)}
    </time>
  )
}

/** Shows an error, which screen readers announce immediately. */
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

/** Shows a label above a control, with the server's error message about its value. */
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
        // A message with several lines points to a position in the text.
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

/** Returns the attributes that connect a control with its hint and its error message. */
export function describedBy(id: string, hint: boolean, problem: string | undefined) {
  const ids = [hint && `${id}-hint`, problem !== undefined && `${id}-problem`].filter(Boolean)
  return {
    id,
    'aria-invalid': problem !== undefined,
    ...(ids.length > 0 && { 'aria-describedby': ids.join(' ') }),
  }
}

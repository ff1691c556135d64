// Small pieces of which the views are made.

import type { ComponentChildren } from 'preact'
import { formatTime, word } from './format.ts'

const KNOWN = new Set(['approved', 'rejected', 'flagged', 'pending', 'info', 'warning', 'error', 'success'])

/** The class that gives a status, or the type of a notification, its colour. */
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

/** Something went wrong: told at once. */
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

/** A label with its control below; what the server says against it stands there too. */
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
        // What has several lines shows a place in what was written.
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

/** What a control says of its hint and its problem to screen readers. */
export function described(id: string, hint: boolean, problem: string | undefined) {
  const ids = [hint && `${id}-hint`, problem !== undefined && `${id}-problem`].filter(Boolean)
  return {
    id,
    'aria-invalid': problem !== undefined,
    ...(ids.length > 0 && { 'aria-describedby': ids.join(' ') }),
  }
}

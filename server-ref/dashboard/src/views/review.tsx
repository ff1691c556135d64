// The review queue. Arrow keys move from card to card; A approves and R rejects the focused card.

import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { authorId, displayName, formatNumber } from '../parts/format.ts'
import { Problem, Time } from '../parts/small.tsx'
import { announce } from '../state/announce.ts'
import type { ProjectState } from '../state/project.ts'
import type { Decision, Queue, QueueEntry } from '../state/queue.ts'

export function ReviewView({ project }: { project: ProjectState }) {
  const { queue } = project
  const entries = queue.entries.value
  const list = useRef<HTMLUListElement>(null)
  /** Index of the card that has the focus, or -1. */
  const focusedIndex = useRef(-1)
  const cards = () => [...(list.current?.querySelectorAll<HTMLElement>('.review') ?? [])]
  const focusCard = (card: HTMLElement | undefined) => (card ?? document.querySelector<HTMLElement>('h1'))?.focus()

  useEffect(() => {
    // If another user's decision removed the focused card, the next card gets the focus.
    if (focusedIndex.current < 0 || document.activeElement !== document.body) return
    focusCard(cards().at(Math.min(focusedIndex.current, cards().length - 1)))
  }, [entries])

  const decide = async (id: string, decision: Decision, reason: string) => {
    const all = cards()
    const index = all.findIndex((card) => card.dataset['id'] === id)
    const isOpen = (card: HTMLElement) => !card.matches('.sending')
    const next = all.slice(index + 1).find(isOpen) ?? all.slice(0, Math.max(0, index)).findLast(isOpen)
    // The focus moves immediately, without waiting for the server to confirm the decision.
    if (all[index]?.contains(document.activeElement)) focusCard(next)
    if (await queue.decide(id, decision, reason)) announce(decision === 'approve' ? 'Approved' : 'Rejected')
  }
  const onFocusIn = ({ target }: FocusEvent) => {
    focusedIndex.current = cards().findIndex((card) => target instanceof Node && card.contains(target))
  }
  const onFocusOut = ({ target }: FocusEvent) =>
    queueMicrotask(() => {
      // The focus left a card that still exists, so no card should get it back.
      if (target instanceof Node && target.isConnected && document.activeElement === document.body)
        focusedIndex.current = -1
    })
  const onKeyDown = (event: KeyboardEvent) => {
    const card = event.target
    // The keys act on a focused card, but not on its text field.
    if (!(card instanceof HTMLElement) || !card.matches('.review') || event.ctrlKey || event.metaKey || event.altKey)
      return
    const all = cards()
    const index = all.indexOf(card)
    const id = card.matches('.sending') ? undefined : card.dataset['id']
    const reason = card.querySelector('input')?.value ?? ''
    if (event.key === 'ArrowDown') all[index + 1]?.focus()
    else if (event.key === 'ArrowUp') all[index - 1]?.focus()
    else if (event.key.toLowerCase() === 'a' && id) void decide(id, 'approve', reason)
    else if (event.key.toLowerCase() === 'r' && id) void decide(id, 'reject', reason)
    else return
    event.preventDefault()
  }
  return (
    <>
      <Problem text={queue.problem.value} />
      {entries === undefined ? (
        <p class="empty">Loading …</p>
      ) : entries.length === 0 ? (
        <p class="empty">Nothing waits for a review.</p>
      ) : (
        <>
          <p class="hint">
            {formatNumber(queue.total.value)} {queue.total.value === 1 ? 'content waits' : 'contents wait'} for a
            review, newest first.{' '}
            <span class="keys">
              Arrow keys move between them; on one of them, <kbd>A</kbd> approves and <kbd>R</kbd> rejects.
            </span>
          </p>
          <ul class="reviews" ref={list} onKeyDown={onKeyDown} onFocusIn={onFocusIn} onFocusOut={onFocusOut}>
            {entries.map((entry) => (
              <li key={entry.content.id}>
                <ReviewCard entry={entry} decide={decide} />
              </li>
            ))}
          </ul>
          <ShowMore queue={queue} />
        </>
      )}
    </>
  )
}

function ShowMore({ queue }: { queue: Queue }) {
  const shown = queue.entries.value?.length ?? 0
  if (shown >= queue.total.value) return null
  return queue.canShowMore ? (
    <button type="button" onClick={() => void queue.showMore()}>
      Show more
    </button>
  ) : (
    <p class="hint">Only the newest {formatNumber(shown)} are shown.</p>
  )
}

function ReviewCard({
  entry,
  decide,
}: {
  entry: QueueEntry
  decide: (id: string, d: Decision, reason: string) => Promise<void>
}) {
  const reason = useSignal('')
  const { content, progress } = entry
  const name = `content-${content.id}`
  const user = authorId(content.meta_data)
  const lastResult = content.moderation_results.at(-1)
  const isSending = progress?.step === 'sending'
  const classes = `review card ${isSending ? 'sending' : ''}`
  const button = (decision: Decision) => (
    <button
      type="button"
      class={decision}
      disabled={isSending}
      aria-label={`${displayName(decision)}: ${content.content_data.slice(0, 60)}`}
      onClick={() => void decide(content.id, decision, reason.value)}
    >
      {isSending && progress.decision === decision ? 'Sending …' : displayName(decision)}
    </button>
  )
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys act on the focused card
    <article class={classes} tabIndex={0} data-id={content.id} aria-labelledby={name}>
      <p class="content" id={name}>
        {content.content_data}
      </p>
      <p class="by">
        <Time at={content.created_at} />
        {user !== undefined && <> · {user}</>}
        {lastResult && <> · {lastResult.rule_name ?? lastResult.moderator_name}</>}
        {lastResult?.reason && <> · {lastResult.reason}</>}
      </p>
      <div class="decide">
        <input
          type="text"
          aria-label="Reason (optional)"
          placeholder="Reason (optional)"
          maxLength={1000}
          disabled={isSending}
          value={reason.value}
          onInput={(event) => (reason.value = event.currentTarget.value)}
        />
        {button('approve')}
        {button('reject')}
      </div>
      <Problem text={progress?.step === 'failed' ? `Not decided: ${progress.message}` : undefined} />
    </article>
  )
}

// A text to moderate, to try the rules or to produce something to look at.

import { useSignal } from '@preact/signals'
import { explain } from '../api/http.ts'
import { Badge, Card, Field, Problem } from '../parts/small.tsx'
import type { ProjectState } from '../state/project.ts'
import { useApp } from './shared.ts'

interface Answer {
  status: string
  moderation_results: { reason: string; rule_name: string | null }[]
}

/** Half a minute of activity for a quiet project. */
const SAMPLES: readonly (readonly [text: string, user: string])[] = [
  ['The second edition fixes the errata from chapter four.', 'ada'],
  ['BUY NOW!!! Genuine watches, 90 % off, limited time', 'dealer_17'],
  ['Has anybody tried the new trail along the river?', 'lin'],
  ['Call me at 555-867-5309 for details', 'dealer_17'],
  ['Thanks, that solved it for me.', 'noor'],
  ['What a stupid idea, honestly', 'grump'],
  ['Free money for the first hundred – click here', 'dealer_17'],
  ['The meeting moves to Thursday, same room.', 'ada'],
]
const SAMPLES_SENT = 24
const SAMPLE_PAUSE = 700

export function TryCard({ project }: { project: ProjectState }) {
  const { api } = useApp()
  const text = useSignal('')
  const answer = useSignal<Answer | undefined>(undefined)
  const problem = useSignal<string | undefined>(undefined)
  const left = useSignal(0)
  const path = `/api/moderate?${new URLSearchParams({ project_id: project.project.id })}`

  const send = async (event: Event) => {
    event.preventDefault()
    try {
      answer.value = await api.post<Answer>(path, { content: text.value })
      problem.value = undefined
      text.value = ''
    } catch (error) {
      problem.value = explain(error)
    }
  }
  const samples = async () => {
    problem.value = undefined
    for (left.value = SAMPLES_SENT; left.value > 0; left.value -= 1) {
      const [content, user_id] = SAMPLES[left.value % SAMPLES.length] ?? ['', '']
      try {
        await api.post(path, { content, metadata: { user_id, source: 'samples' } })
      } catch (error) {
        problem.value = explain(error)
        left.value = 0
        return
      }
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_PAUSE))
    }
  }
  const result = answer.value
  return (
    <Card title="Try a text" id="try">
      <form onSubmit={send}>
        <Field id="try-text" label="Text">
          <textarea
            id="try-text"
            rows={2}
            required
            value={text.value}
            onInput={(event) => (text.value = event.currentTarget.value)}
          />
        </Field>
        <div class="buttons">
          <button type="submit">Moderate</button>
          <button type="button" class="quiet" disabled={left.value > 0} onClick={samples}>
            {left.value > 0 ? `Sending samples: ${left.value} left` : 'Send samples'}
          </button>
        </div>
      </form>
      <p role="status" class="result">
        {result && (
          <>
            <Badge of={result.status} />{' '}
            {result.moderation_results[0]?.rule_name ?? result.moderation_results[0]?.reason}
          </>
        )}
      </p>
      <Problem text={problem.value} />
    </Card>
  )
}

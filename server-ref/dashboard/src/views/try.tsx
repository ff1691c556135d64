// A form that moderates a text, to try the rules, and a button that sends samples.

import { useSignal } from '@preact/signals'
import { errorMessage } from '../api/http.ts'
import { Badge, Card, Field, Problem } from '../parts/small.tsx'
import type { ProjectState } from '../state/project.ts'
import { useApp } from './shared.ts'

interface ModerationAnswer {
  status: string
  moderation_results: { reason: string; rule_name: string | null }[]
}

/** Sample items, which take turns. */
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
const SAMPLE_COUNT = 24
const SAMPLE_INTERVAL = 700

export function TryCard({ project }: { project: ProjectState }) {
  const { api } = useApp()
  const text = useSignal('')
  const answer = useSignal<ModerationAnswer | undefined>(undefined)
  const problem = useSignal<string | undefined>(undefined)
  const remaining = useSignal(0)
  const path = `/api/moderate?${new URLSearchParams({ project_id: project.project.id })}`

  const moderate = async (event: Event) => {
    event.preventDefault()
    try {
      answer.value = await api.post<ModerationAnswer>(path, { content: text.value })
      problem.value = undefined
      text.value = ''
    } catch (error) {
      problem.value = errorMessage(error)
    }
  }
  const sendSamples = async () => {
    problem.value = undefined
    for (remaining.value = SAMPLE_COUNT; remaining.value > 0; remaining.value -= 1) {
      const [content, user_id] = SAMPLES[remaining.value % SAMPLES.length] ?? ['', '']
      try {
        await api.post(path, { content, metadata: { user_id, source: 'samples' } })
      } catch (error) {
        problem.value = errorMessage(error)
        remaining.value = 0
        return
      }
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_INTERVAL))
    }
  }
  const result = answer.value
  return (
    <Card title="Try a text" id="try">
      <form onSubmit={moderate}>
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
          <button type="button" class="quiet" disabled={remaining.value > 0} onClick={sendSamples}>
            {remaining.value > 0 ? `Sending samples: ${remaining.value} left` : 'Send samples'}
          </button>
        </div>
      </form>
      <p role="status" class="result">
        {result && (
          <>
            <Badge value={result.status} />{' '}
            {result.moderation_results[0]?.rule_name ?? result.moderation_results[0]?.reason}
          </>
        )}
      </p>
      <Problem text={problem.value} />
    </Card>
  )
}

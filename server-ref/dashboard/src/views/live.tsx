// The live view: counters, the chart, the newest decisions.

import { useSignal } from '@preact/signals'
import { Chart, type Measure } from '../parts/chart.tsx'
import { formatNumber, formatPercent, word } from '../parts/format.ts'
import { Card } from '../parts/small.tsx'
import { now } from '../state/clock.ts'
import { OUTCOMES } from '../state/history.ts'
import type { ProjectState } from '../state/project.ts'
import { ActivityFeed } from './activity.tsx'
import { AuthorsCard } from './authors.tsx'
import { TryCard } from './try.tsx'

export function LiveView({ project }: { project: ProjectState }) {
  return (
    <>
      <Counters project={project} />
      <div class="columns live">
        <RatesCard project={project} />
        <div class="stack">
          <TryCard project={project} />
          <AuthorsCard authors={project.authors} />
        </div>
        {/* At the end, so that a growing list pushes nothing away on a narrow screen. */}
        <ActivityFeed feed={project.feed} />
      </div>
    </>
  )
}

function Counters({ project }: { project: ProjectState }) {
  const newest = project.statistics.newest.value
  const rates = { approved: newest?.approval_rate, rejected: newest?.rejection_rate, flagged: newest?.flag_rate }
  return (
    <dl class="counters" aria-label="Counters">
      <div class="counter">
        <dt>Total</dt>
        <dd>
          <strong>{newest ? formatNumber(newest.total_content) : '–'}</strong>
        </dd>
      </div>
      {OUTCOMES.map((outcome) => (
        <div key={outcome} class={`counter ${outcome}`}>
          <dt>{word(outcome)}</dt>
          <dd>
            <strong>{newest ? formatNumber(newest[outcome]) : '–'}</strong>
            <span>{rates[outcome] === undefined ? '' : formatPercent(rates[outcome])}</span>
          </dd>
        </div>
      ))}
    </dl>
  )
}

function RatesCard({ project }: { project: ProjectState }) {
  const measure = useSignal<Measure>('share')
  // The counts change without signals of their parts.
  project.historyVersion.value
  // The clock moves in steps; decisions since the last step belong to the chart too.
  const columns = project.history.until(Math.max(now.value, Date.now()))
  const choice = (value: Measure, text: string) => (
    <label>
      <input type="radio" name="measure" checked={measure.value === value} onChange={() => (measure.value = value)} />
      <span>{text}</span>
    </label>
  )
  const choices = (
    <fieldset class="choice">
      <legend class="hidden">What the chart shows</legend>
      {choice('share', 'Rates')}
      {choice('volume', 'Volume')}
    </fieldset>
  )
  return (
    <Card title="Last 15 minutes" id="rates" aside={choices}>
      <Chart columns={columns} measure={measure.value} />
      <ul class="legend" aria-hidden="true">
        {OUTCOMES.map((outcome) => (
          <li key={outcome} class={outcome}>
            {word(outcome)}
          </li>
        ))}
      </ul>
    </Card>
  )
}

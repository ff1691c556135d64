// The live view: counters, the chart, and the newest decisions.

import { useSignal } from '@preact/signals'
import { Chart, type Measure } from '../parts/chart.tsx'
import { displayName, formatNumber, formatPercent } from '../parts/format.ts'
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
        {/* The list is last, so that on a narrow screen its growth moves nothing else. */}
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
          <dt>{displayName(outcome)}</dt>
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
  // Reading the version subscribes to changes of the history, which has no signals.
  project.historyVersion.value
  // The clock changes in steps, and the chart includes the decisions since the last step.
  const columns = project.history.columnsUntil(Math.max(now.value, Date.now()))
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
            {displayName(outcome)}
          </li>
        ))}
      </ul>
    </Card>
  )
}

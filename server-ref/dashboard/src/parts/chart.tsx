// Stacked columns in SVG, drawn by attributes alone, and the same data as a table for screen readers.

import { type Column, OUTCOMES, type Outcome, shares, sum, WIDTH } from '../state/history.ts'
import { formatNumber, formatPercent, formatShortTime, word } from './format.ts'

export type Measure = 'share' | 'volume'

const HEIGHT = 100
const STEP = 10
const GAP = 2
/** Columns per row of the table. */
const PER_ROW = 20

export function Chart({ columns, measure }: { columns: readonly Column[]; measure: Measure }) {
  const totals = columns.map(({ counts }) => OUTCOMES.reduce((total, outcome) => total + counts[outcome], 0))
  const most = Math.max(1, ...totals)
  const first = columns[0]?.start ?? 0
  const last = (columns.at(-1)?.start ?? 0) + WIDTH
  const label = summary(columns)
  return (
    <figure class="chart">
      <div class="plot">
        <div class="scale" aria-hidden="true">
          <span>{measure === 'share' ? formatPercent(100) : formatNumber(most)}</span>
          <span>{measure === 'share' ? formatPercent(50) : formatNumber(most / 2)}</span>
          <span>0</span>
        </div>
        <svg
          viewBox={`0 0 ${columns.length * STEP} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={label}
        >
          <title>{label}</title>
          {[0, 0.5, 1].map((part) => (
            <line key={part} class="grid" x1="0" x2={columns.length * STEP} y1={part * HEIGHT} y2={part * HEIGHT} />
          ))}
          {columns.map((column, index) => (
            <Stack key={column.start} column={column} x={index * STEP} of={measure === 'share' ? undefined : most} />
          ))}
        </svg>
      </div>
      <div class="axis" aria-hidden="true">
        <span>{formatShortTime(first)}</span>
        <span>{formatShortTime((first + last) / 2)}</span>
        <span>{formatShortTime(last)}</span>
      </div>
      <Table columns={columns} />
    </figure>
  )
}

/** `of`: the value of the full height; without it, the decisions in the column. */
function Stack({ column, x, of }: { column: Column; x: number; of: number | undefined }) {
  const total = OUTCOMES.reduce((all, outcome) => all + column.counts[outcome], 0)
  let below = 0
  return (
    <g>
      {OUTCOMES.map((outcome) => {
        const height = total === 0 ? 0 : (column.counts[outcome] / (of ?? total)) * HEIGHT
        if (height === 0) return null
        below += height
        return <rect key={outcome} class={outcome} x={x} y={HEIGHT - below} width={STEP - GAP} height={height} />
      })}
    </g>
  )
}

function Table({ columns }: { columns: readonly Column[] }) {
  const rows = []
  for (let from = 0; from < columns.length; from += PER_ROW) rows.push(columns.slice(from, from + PER_ROW))
  return (
    <table class="hidden">
      <caption>Decisions by time</caption>
      <thead>
        <tr>
          <th scope="col">From</th>
          {OUTCOMES.map((outcome) => (
            <th key={outcome} scope="col">
              {word(outcome)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row[0]?.start}>
            <th scope="row">{formatShortTime(row[0]?.start ?? 0)}</th>
            {OUTCOMES.map((outcome) => (
              <td key={outcome}>{formatNumber(sum(row)[outcome])}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function summary(columns: readonly Column[]): string {
  const minutes = Math.round((columns.length * WIDTH) / 60_000)
  const rates = shares(sum(columns))
  if (!rates) return `No decisions in the last ${minutes} minutes`
  const each = OUTCOMES.map((outcome: Outcome) => `${formatPercent(rates[outcome])} ${outcome}`)
  return `Decisions of the last ${minutes} minutes: ${each.join(', ')}`
}

// Draws stacked columns in SVG, with attributes instead of styles, and the same data as a table for screen readers.

import { COLUMN_MILLIS, type Column, OUTCOMES, type Outcome, percentages, sumCounts } from '../state/history.ts'
import { displayName, formatNumber, formatPercent, formatShortTime } from './format.ts'

export type Measure = 'share' | 'volume'

const CHART_HEIGHT = 100
const COLUMN_STEP = 10
const COLUMN_GAP = 2
/** Number of chart columns that a row of the table sums up. */
const COLUMNS_PER_ROW = 20

export function Chart({ columns, measure }: { columns: readonly Column[]; measure: Measure }) {
  const totals = columns.map(({ counts }) => OUTCOMES.reduce((total, outcome) => total + counts[outcome], 0))
  const maximum = Math.max(1, ...totals)
  const first = columns[0]?.start ?? 0
  const last = (columns.at(-1)?.start ?? 0) + COLUMN_MILLIS
  const label = describeDecisions(columns)
  return (
    <figure class="chart">
      <div class="plot">
        <div class="scale" aria-hidden="true">
          <span>{measure === 'share' ? formatPercent(100) : formatNumber(maximum)}</span>
          <span>{measure === 'share' ? formatPercent(50) : formatNumber(maximum / 2)}</span>
          <span>0</span>
        </div>
        <svg
          viewBox={`0 0 ${columns.length * COLUMN_STEP} ${CHART_HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={label}
        >
          <title>{label}</title>
          {[0, 0.5, 1].map((fraction) => (
            <line
              key={fraction}
              class="grid"
              x1="0"
              x2={columns.length * COLUMN_STEP}
              y1={fraction * CHART_HEIGHT}
              y2={fraction * CHART_HEIGHT}
            />
          ))}
          {columns.map((column, index) => (
            <Stack
              key={column.start}
              column={column}
              x={index * COLUMN_STEP}
              fullValue={measure === 'share' ? undefined : maximum}
            />
          ))}
        </svg>
      </div>
      <div class="axis" aria-hidden="true">
        <span>{formatShortTime(first)}</span>
        <span>{formatShortTime((first + last) / 2)}</span>
        <span>{formatShortTime(last)}</span>
      </div>
      <DecisionTable columns={columns} />
    </figure>
  )
}

/** Draws one column. Its full height is `fullValue`, or the column's total if `fullValue` is undefined. */
function Stack({ column, x, fullValue }: { column: Column; x: number; fullValue: number | undefined }) {
  const total = OUTCOMES.reduce((all, outcome) => all + column.counts[outcome], 0)
  let filledHeight = 0
  return (
    <g>
      {OUTCOMES.map((outcome) => {
        const height = total === 0 ? 0 : (column.counts[outcome] / (fullValue ?? total)) * CHART_HEIGHT
        if (height === 0) return null
        filledHeight += height
        return (
          <rect
            key={outcome}
            class={outcome}
            x={x}
            y={CHART_HEIGHT - filledHeight}
            width={COLUMN_STEP - COLUMN_GAP}
            height={height}
          />
        )
      })}
    </g>
  )
}

function DecisionTable({ columns }: { columns: readonly Column[] }) {
  const rows = []
  for (let from = 0; from < columns.length; from += COLUMNS_PER_ROW)
    rows.push(columns.slice(from, from + COLUMNS_PER_ROW))
  return (
    <table class="hidden">
      <caption>Decisions by time</caption>
      <thead>
        <tr>
          <th scope="col">From</th>
          {OUTCOMES.map((outcome) => (
            <th key={outcome} scope="col">
              {displayName(outcome)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row[0]?.start}>
            <th scope="row">{formatShortTime(row[0]?.start ?? 0)}</th>
            {OUTCOMES.map((outcome) => (
              <td key={outcome}>{formatNumber(sumCounts(row)[outcome])}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function describeDecisions(columns: readonly Column[]): string {
  const minutes = Math.round((columns.length * COLUMN_MILLIS) / 60_000)
  const rates = percentages(sumCounts(columns))
  if (!rates) return `No decisions in the last ${minutes} minutes`
  const each = OUTCOMES.map((outcome: Outcome) => `${formatPercent(rates[outcome])} ${outcome}`)
  return `Decisions of the last ${minutes} minutes: ${each.join(', ')}`
}

// The authors with the highest risk.

import { formatNumber, formatPercent } from '../parts/format.ts'
import { Card } from '../parts/small.tsx'
import type { Authors } from '../state/authors.ts'

/** Minimum risk score, out of 10, that is highlighted. */
const HIGH_RISK = 5

export function AuthorsCard({ authors }: { authors: Authors }) {
  const riskiest = authors.riskiest.value
  return (
    <Card title="Users by risk" id="authors">
      {riskiest.length === 0 ? (
        <p class="empty">Nobody yet. Contents count for the user that their metadata names as user_id.</p>
      ) : (
        <table class="authors">
          <thead>
            <tr>
              <th scope="col">User</th>
              <th scope="col">Risk</th>
              <th scope="col">Violations</th>
              <th scope="col">Approved</th>
            </tr>
          </thead>
          <tbody>
            {riskiest.map(({ user_id, activity }) => (
              <tr key={user_id}>
                <th scope="row">{user_id}</th>
                <td class={activity.risk_score >= HIGH_RISK ? 'high' : ''}>{formatNumber(activity.risk_score)}</td>
                <td>{formatNumber(activity.recent_violations)}</td>
                <td>{formatPercent(activity.approval_rate)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Card>
  )
}

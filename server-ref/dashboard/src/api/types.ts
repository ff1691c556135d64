// Types of the server's data. Unknown fields are ignored, and unknown values are shown unchanged.

export type Status = 'approved' | 'rejected' | 'flagged' | 'pending'
export type Role = 'member' | 'admin' | 'owner'

export interface User {
  id: string
  email: string
  is_admin: boolean
}

export interface Project {
  id: string
  name: string
  role?: Role
}

export interface Counts {
  total_content: number
  approved: number
  rejected: number
  flagged: number
}

/** The payload of `stats_update`. */
export interface StatsUpdate extends Counts {
  approval_rate: number
  rejection_rate: number
  flag_rate: number
  project_id?: string
}

export interface ModerationUpdate {
  event_id: number
  content_id: string
  status: string
  content_preview: string
  meta_data: unknown
  moderator_type: string
  moderator_name: string
  rule_name: string | null
  timestamp: string
}

export interface UserActivity {
  user_id: string
  activity: {
    total_submissions: number
    recent_violations: number
    approval_rate: number
    risk_score: number
  }
  timestamp: string
}

export interface RuleUpdate {
  action: string
  rule: { id: string; name: string }
  timestamp: string
}

export interface SystemNotification {
  event_id?: number
  type: string
  message: string
  timestamp: string
  persistent: boolean
  notification_id?: string
}

/** A persistent notification that has not been withdrawn, for all projects if `project_id` is null. */
export interface Notification {
  id: string
  project_id: string | null
  type: string
  message: string
  created_at: string
}

export interface ModerationResult {
  decision: string
  reason: string
  confidence: number
  moderator_type: string
  moderator_name: string
  rule_name: string | null
}

export interface Content {
  id: string
  content_type: string
  content_data: string
  meta_data: unknown
  status: Status
  created_at: string
  moderation_results: ModerationResult[]
}

export type RuleType = 'keyword' | 'regex' | 'ai_prompt'
export type Action = 'approve' | 'reject' | 'flag'

export interface RuleData {
  keywords?: string[]
  case_sensitive?: boolean
  pattern?: string
  flags?: string[]
  prompt?: string
}

/** The fields that users can change in a rule. */
export interface RuleDraft {
  name: string
  type: RuleType
  data: RuleData
  action: Action
  priority: number
  is_active: boolean
}

export interface Rule extends RuleDraft {
  id: string
  updated_at: string
}

export interface Member {
  user_id: string
  email: string
  role: Role
}

/** An invitation as shown to the admins of its project. */
export interface Invitation {
  id: string
  email: string
  role: Role
  invited_by: string
  expires_at: string
}

export interface NewInvitation extends Invitation {
  token: string
}

/** An invitation as shown to the invited user. */
export interface ReceivedInvitation {
  id: string
  project_id: string
  project_name: string
  role: Role
  invited_by: string
  expires_at: string
}

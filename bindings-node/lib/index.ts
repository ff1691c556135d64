/**
 * Real-time moderation updates from AutoModerate servers as typed events.
 *
 * {@link Client} connects to a server, joins projects, and delivers their events in {@link EventStream}s or to
 * listeners. Every failure of a call, other than an abort, is an {@link AutoModerateError} with a code.
 *
 * @module automoderate
 */

export { Client } from './client.js'
export type { HandlerArguments } from './clientlisteners.js'
export type { ContentFilter, Contents } from './contents.js'
export type { Credentials, CredentialsProvider, CredentialsReason } from './credentials.js'
export { AutoModerateError, type ErrorCode, type Stage } from './errors.js'
export type * from './events.js'
export { escapeHtml } from './html.js'
export { LiveView } from './liveview.js'
export type { ClientOptions, Pem, ReconnectPolicy } from './options.js'
export { Project } from './project.js'
export type { ClientToServerEvents, ErrorNotice, LogFields, ReplayPage, ServerToClientEvents } from './socketio.js'
export { type Abortable, EventStream } from './stream.js'
export type { BatchItem, BatchOptions, Submission } from './submissions.js'
export type * from './values.js'

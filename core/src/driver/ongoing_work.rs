//! Work in progress of a client's task: its connection, connection attempt and backfills, and the callers that are
//! waiting for answers.

use std::{
    collections::HashMap,
    task::{Context, Poll},
};

use tokio::{sync::oneshot, task::JoinSet};

use super::{
    DialedTransport,
    request_from_handle::AnswerToHandle,
    timer::now,
    transport::{Frame, Transport},
};
use crate::session::{BackfillReply, CommandId, ConnectionFailure, Input, Machine};

/// Maximum number of frames that the task handles before it handles requests and timers.
const FRAMES_PER_TURN_MAX: usize = 64;
/// Number of packets queued for sending at which further emits are refused.
const CONGESTION_PACKET_COUNT: usize = 1024;
/// Maximum number of packets queued for sending. If the queue is longer, the connection fails. Packets beyond
/// [`CONGESTION_PACKET_COUNT`] are mostly pongs: emits are refused by then, but a server can send any number of pings.
const QUEUED_PACKETS_MAX: usize = 4096;

#[derive(Default)]
pub(crate) struct OngoingWork {
    pub(super) transport: Option<Box<dyn Transport>>,
    /// Current connection attempt, if any. The attempt is aborted when the machine abandons it or the client is
    /// dropped.
    pub(super) dialing: JoinSet<(u64, Result<DialedTransport, ConnectionFailure>)>,
    pub(super) backfills: JoinSet<BackfillReply>,
    pub(super) reply_senders: HashMap<CommandId, oneshot::Sender<AnswerToHandle>>,
    pub(super) last_command_id: u64,
    /// `true` if the last turn may have left frames unread.
    pub(super) is_turn_full: bool,
    /// `true` if the last turn handled a request. All other wake reasons then take precedence in the next turn.
    pub(super) has_handled_request: bool,
}

impl OngoingWork {
    /// Returns `true` if too many packets are queued to accept another emit.
    pub(super) fn is_congested(&self) -> bool {
        self.transport.as_ref().is_some_and(|transport| transport.queued_count() >= CONGESTION_PACKET_COUNT)
    }

    /// Sends queued packets, and passes up to [`FRAMES_PER_TURN_MAX`] frames to the machine. Each frame is dropped
    /// before the next frame is read, so that its memory can be reused.
    pub(super) fn poll_transport(
        &mut self,
        cx: &mut Context<'_>,
        machine: &mut Machine,
    ) -> Poll<Option<ConnectionFailure>> {
        let Some(transport) = &mut self.transport else { return Poll::Pending };
        // Frames that arrived before sending failed are still read, because they may contain the reason for the
        // failure.
        let send_failure = match transport.poll_flush(cx) {
            Poll::Ready(Err(failure)) => Some(failure),
            _ if transport.queued_count() > QUEUED_PACKETS_MAX => {
                Some(ConnectionFailure::Io("the server has stopped reading".to_owned()))
            }
            _ => None,
        };
        let mut turn_time = None;
        for _ in 0..FRAMES_PER_TURN_MAX {
            match transport.poll_recv(cx) {
                Poll::Ready(Ok(frame)) => machine.handle_in_batch(*turn_time.get_or_insert_with(now), frame.as_input()),
                Poll::Ready(Err(failure)) => return Poll::Ready(Some(send_failure.unwrap_or(failure))),
                Poll::Pending if turn_time.is_none() && send_failure.is_none() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(send_failure),
            }
        }
        self.is_turn_full = true;
        Poll::Ready(send_failure)
    }
}

impl Frame {
    fn as_input(&self) -> Input<'_> {
        match self {
            Self::Text(text) => Input::Frame(text),
            Self::Binary(bytes) => Input::Binary(bytes),
            Self::Activity => Input::SignOfLife,
        }
    }
}

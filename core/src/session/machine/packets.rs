//! Decoding of frames and routing of the packets in them. No malformed input from a server may cause a panic or end a
//! stream.

use super::{Machine, connection::Admission};
use crate::{
    eio,
    events::{Arrival, Event, Origin, UnknownEvent, decode, parse_refusal},
    session::{
        ConnectionFailure, Now, Output,
        acks::AckRecipient,
        endpoint_auth::RefusalEvidence,
        room_protocol::{RoomAckVerdict, ack_arguments_as_value, is_first_argument_valid_json, read_room_ack_verdict},
        rooms::Membership,
    },
    sio::{self, BinaryPacket, PacketKind},
};

/// Largest ping payload that is echoed, in bytes.
const ECHOED_PING_BYTES_MAX: usize = 64;

impl Machine {
    pub(super) fn on_frame(&mut self, now: Now, text: &str) {
        let Some(connection) = self.phase.connection_mut() else { return };
        connection.liveness.on_packet(now.mono);
        match eio::Packet::decode(text) {
            Ok(eio::Packet::Message(message)) => self.on_message(now, message),
            Ok(eio::Packet::Open(data)) => self.on_open(now, data),
            // The only ping payload that Engine.IO defines is `probe`. Echoing megabytes would only help an attacker.
            Ok(eio::Packet::Ping(data)) if data.len() <= ECHOED_PING_BYTES_MAX => {
                self.outputs.push_back(Output::Send(eio::Packet::Pong(data).encode()));
            }
            Ok(eio::Packet::Ping(_)) => self.deliver_malformed(now, "", "a ping carries too much data"),
            Ok(eio::Packet::Close) => self.on_transport_lost(now, ConnectionFailure::EngineClosed),
            Ok(eio::Packet::Pong(_) | eio::Packet::Upgrade | eio::Packet::Noop) => {}
            Err(error) => self.deliver_malformed(now, text, &error.to_string()),
        }
    }

    pub(super) fn on_binary(&mut self, now: Now, bytes: &[u8]) {
        let Some(connection) = self.phase.connection_mut() else { return };
        connection.liveness.on_packet(now.mono);
        match connection.assembler.add(bytes) {
            Ok(None) => {}
            Ok(Some(event)) => self.on_binary_packet(now, event),
            Err(error) => self.deliver_malformed(now, "", &error.to_string()),
        }
    }

    fn on_message(&mut self, now: Now, text: &str) {
        let Some(connection) = self.phase.connection_mut() else { return };
        let online = connection.is_online();
        if let Err(error) = connection.assembler.check_complete() {
            self.deliver_malformed(now, "", &error.to_string());
        }
        let packet = match sio::decode(text) {
            Ok(packet) => packet,
            Err(error) => return self.deliver_malformed(now, text, &error.to_string()),
        };
        if packet.namespace != "/" {
            // Some servers refuse the connection in a packet that names another namespace.
            if packet.kind == PacketKind::ConnectError && !online {
                self.on_connect_error(now, packet.data);
            }
            return;
        }
        match packet.kind {
            PacketKind::Event => match sio::split_event(packet.data) {
                Ok((name, arguments)) => self.on_event(now, &name, arguments, packet.data.trim_end().ends_with(']')),
                Err(error) => self.deliver_malformed(now, packet.data, &error.to_string()),
            },
            PacketKind::Ack => match packet.ack_id {
                Some(id) => self.on_ack_packet(now, id, packet.data),
                None => self.deliver_malformed(now, text, "an acknowledgement has no id"),
            },
            PacketKind::Connect => self.on_namespace_acknowledged(now),
            PacketKind::Disconnect => self.on_server_disconnect(now, packet.data),
            PacketKind::ConnectError => self.on_connect_error(now, packet.data),
            PacketKind::BinaryEvent | PacketKind::BinaryAck => {
                let Some(connection) = self.phase.connection_mut() else { return };
                if let Some(event) = connection.assembler.start(&packet, packet.kind == PacketKind::BinaryAck) {
                    self.on_binary_packet(now, event);
                }
            }
        }
    }

    /// Handles an event. `is_complete` is true if the packet ends with a bracket, as a complete packet does.
    fn on_event(&mut self, now: Now, name: &str, arguments: &str, is_complete: bool) {
        match name {
            // Do not treat a truncated event as the message that it resembles.
            "joined_project" | "left_project" | "error" | "project_access_denied" | "authentication_failed"
                if !is_complete || !is_first_argument_valid_json(arguments) =>
            {
                self.deliver_malformed(now, arguments, "the event's data is not JSON");
            }
            // Deployed servers send this event before the acknowledgement of the namespace, but only on connections
            // that they accept.
            "connected" => self.on_auth_confirmed(),
            "joined_project" => self.on_joined_project(now, arguments),
            "left_project" => self.on_left_project(now, arguments),
            "error" | "project_access_denied" | "authentication_failed" => self.on_error_event(now, name, arguments),
            _ => {
                let event = decode(name, arguments, Arrival { origin: Origin::Live, at: now.wall });
                self.deliver_live(now, event);
            }
        }
    }

    fn on_error_event(&mut self, now: Now, name: &str, arguments: &str) {
        let refusal = parse_refusal(arguments);
        if name == "authentication_failed" {
            return self.on_connection_refused(now, &refusal, RefusalEvidence::Stated);
        }
        if let Some(connection) = self.phase.connection_mut()
            && !matches!(connection.admission, Admission::Announced)
        {
            connection.possible_refusal = Some(refusal.clone());
        }
        if !self.on_possible_room_refusal(now, &refusal, name == "project_access_denied") {
            let event = decode(name, arguments, Arrival { origin: Origin::Live, at: now.wall });
            self.deliver_live(now, event);
        }
    }

    /// Delivers a live event to the streams of its project. An event that names no project is attributed to a project
    /// if only one is possible, unless it is a server error or a malformed event.
    #[inline]
    fn deliver_live(&mut self, now: Now, mut event: Event) {
        let Some(connection) = self.phase.connection() else { return };
        let requests = &connection.room_requests;
        if event.meta().project_id.is_none()
            && !matches!(event, Event::ServerError(_) | Event::MalformedEvent(_))
            && let Some(only) = self.rooms.only_possible_project(requests)
        {
            event.meta_mut().project_id = Some(only.clone());
            if let Event::ModerationUpdate(update) = &mut event {
                update.project_id = Some(only.clone());
            }
        }
        let may_be_in_room = event.project_id().is_some_and(|project| requests.may_be_in_room(project));
        let may_be_outdated =
            may_be_in_room && event.project_id().is_some_and(|project| requests.events_may_predate_leave(project));
        let mut output = super::FollowerOutput { outputs: &mut self.outputs, counters: &mut self.counters };
        match event.project_id().and_then(|project| self.rooms.get_mut(project)) {
            // An event without an id may be older than an unanswered leave, so such events are dropped until the join
            // is confirmed.
            Some(room) if may_be_outdated && !room.join_succeeded && event.event_id().is_none() => {}
            // During a leave, even the events of a wanted room are dropped: another join follows, and only its
            // confirmation contains the position at which the stream starts.
            Some(room) if room.wanted && room.membership != Membership::Leaving => {
                room.follower.on_event(now, event, &mut output)
            }
            Some(_) => {}
            // The client may still be in the room because of a join or leave that was given up. The streams of the next
            // join start at a later position.
            None if may_be_in_room => {}
            None => output.deliver(event),
        }
    }

    fn deliver_malformed(&mut self, now: Now, text: &str, reason: &str) {
        let mut event = decode("", text, Arrival { origin: Origin::Live, at: now.wall });
        if let Event::UnknownEvent(unknown) = event {
            event = Event::new_malformed(String::new(), unknown.data, reason, unknown.meta);
        } else if let Event::MalformedEvent(malformed) = &mut event {
            malformed.reason = reason.to_owned();
        }
        // Malformed data must not be treated as the event whose id it happens to contain.
        event.meta_mut().event_id = None;
        self.follower_output().deliver(event);
    }

    fn on_binary_packet(&mut self, now: Now, event: BinaryPacket) {
        if let Some(id) = event.ack_id {
            return self.on_ack_packet(now, id, &event.data);
        }
        let Ok((name, arguments)) = sio::split_event(&event.data) else {
            return self.deliver_malformed(
                now,
                &event.data,
                "the data of an event is not an array that starts with its name",
            );
        };
        match decode(&name, arguments, Arrival { origin: Origin::Live, at: now.wall }) {
            Event::UnknownEvent(unknown) => {
                let unknown = UnknownEvent { attachments: event.attachments, ..unknown };
                self.deliver_live(now, unknown.into());
            }
            // No documented event has attachments, but an event with unexpected attachments may still be valid.
            known => self.deliver_live(now, known),
        }
    }

    fn on_ack_packet(&mut self, now: Now, id: u64, data: &str) {
        let arguments = data.trim().strip_prefix('[').unwrap_or(data);
        let arguments = arguments.strip_suffix(']').unwrap_or(arguments).trim();
        let Some(connection) = self.phase.connection_mut() else { return };
        connection.pages_unanswered_since = None;
        let recipient = connection.acks.remove(id);
        if matches!(recipient, Some(AckRecipient::Backlog(..) | AckRecipient::Replay(..))) {
            self.unresponsive_connection_count = 0;
        }
        if matches!(recipient, Some(AckRecipient::Room(_)) | None) {
            connection
                .room_requests
                .on_request_acknowledged(id, read_room_ack_verdict(arguments) == RoomAckVerdict::Refused);
        }
        match recipient {
            Some(AckRecipient::User(command_id)) => match ack_arguments_as_value(arguments) {
                Ok(value) => self.outputs.push_back(Output::CommandDone { command_id, data: Some(value) }),
                Err(error) => {
                    let text = format!("the acknowledgement is invalid: {error}");
                    self.fail_command(command_id, crate::Error::new(crate::ErrorKind::Protocol, text));
                }
            },
            Some(AckRecipient::Room(project)) => self.on_room_ack(now, id, &project, arguments),
            Some(AckRecipient::Backlog(stream, project, after)) => {
                self.on_backlog_page(now, (stream, project), after, arguments);
            }
            Some(AckRecipient::Replay(project, after)) => self.on_replay_page(now, &project, after, arguments),
            // The acknowledgement is no longer awaited, but may still confirm or refuse an earlier join.
            None => self.on_ack_after_confirmation(now, id, arguments),
        }
    }
}

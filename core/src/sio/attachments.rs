//! Assembly of binary events and acknowledgements, each of which consists of a text packet and the binary frames that
//! it announces.

use super::packet::Packet;

/// Maximum total size of one packet's attachments, in bytes.
const ATTACHMENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Text packet with all its binary frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryEvent {
    /// Acknowledgement id, if the packet is an acknowledgement.
    pub ack: Option<u64>,
    /// JSON text, with placeholders for the attachments.
    pub data: String,
    /// Attachments, in the order of their arrival.
    pub attachments: Vec<Vec<u8>>,
}

/// Reason why a binary packet could not be assembled. The frames collected for the packet are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// A binary frame arrived, although no packet had announced it.
    #[error("a binary frame arrived that no packet announced")]
    Unannounced,
    /// A text packet arrived before all announced binary frames had arrived.
    #[error("{missing} announced attachments are missing")]
    Missing {
        /// Number of missing frames.
        missing: usize,
    },
    /// The attachments exceed the SDK's limit.
    #[error("the attachments of a packet exceed {ATTACHMENT_BYTES_MAX} bytes")]
    TooLarge,
}

/// Assembler of binary packets. It assembles one packet at a time.
#[derive(Debug, Default)]
pub struct AttachmentAssembler {
    pending: Option<(BinaryEvent, usize)>,
    bytes: usize,
}

impl AttachmentAssembler {
    /// Starts the assembly of a binary packet. A packet that announces no attachments is complete and is returned
    /// immediately.
    pub fn start(&mut self, packet: &Packet<'_>, is_ack: bool) -> Option<BinaryEvent> {
        let event = BinaryEvent {
            ack: packet.id.filter(|_| is_ack),
            data: packet.data.to_owned(),
            attachments: Vec::with_capacity(packet.attachments),
        };
        if packet.attachments == 0 {
            return Some(event);
        }
        self.bytes = 0;
        self.pending = Some((event, packet.attachments));
        None
    }

    /// Adds a binary frame and returns the packet once it is complete.
    ///
    /// # Errors
    /// Returns [`AttachmentError`] if no attachment is expected, or if the attachments together exceed the size limit.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Option<BinaryEvent>, AttachmentError> {
        let (event, expected) = self.pending.as_mut().ok_or(AttachmentError::Unannounced)?;
        self.bytes += bytes.len();
        if self.bytes > ATTACHMENT_BYTES_MAX {
            self.pending = None;
            return Err(AttachmentError::TooLarge);
        }
        event.attachments.push(bytes.to_vec());
        if event.attachments.len() < *expected {
            return Ok(None);
        }
        Ok(self.pending.take().map(|(event, _)| event))
    }

    /// Checks that no binary frame is missing, and otherwise drops the incomplete packet. Must be called for every text
    /// packet, before [`start`](Self::start).
    ///
    /// # Errors
    /// Returns [`AttachmentError::Missing`] if the last binary packet is incomplete.
    pub fn check_complete(&mut self) -> Result<(), AttachmentError> {
        if self.pending.is_none() {
            return Ok(());
        }
        match self.pending.take() {
            None => Ok(()),
            Some((event, expected)) => Err(AttachmentError::Missing { missing: expected - event.attachments.len() }),
        }
    }
}

//! Assembly of binary events and acknowledgements, each of which consists of a text packet and the binary frames that
//! it announces.

use super::packet::Packet;

/// Maximum total size of one packet's attachments, in bytes.
const ATTACHMENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Text packet with all its binary frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryPacket {
    /// Acknowledgement id, if the packet is an acknowledgement.
    pub ack_id: Option<u64>,
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
    pending: Option<(BinaryPacket, usize)>,
    byte_count: usize,
}

impl AttachmentAssembler {
    /// Starts the assembly of a binary packet. A packet that announces no attachments is complete and is returned
    /// immediately.
    pub fn start(&mut self, packet: &Packet<'_>, is_ack: bool) -> Option<BinaryPacket> {
        let assembled = BinaryPacket {
            ack_id: packet.ack_id.filter(|_| is_ack),
            data: packet.data.to_owned(),
            attachments: Vec::with_capacity(packet.attachment_count),
        };
        if packet.attachment_count == 0 {
            return Some(assembled);
        }
        self.byte_count = 0;
        self.pending = Some((assembled, packet.attachment_count));
        None
    }

    /// Adds a binary frame and returns the packet once it is complete.
    ///
    /// # Errors
    /// Returns [`AttachmentError`] if no attachment is expected, or if the attachments together exceed the size limit.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Option<BinaryPacket>, AttachmentError> {
        let (assembled, expected) = self.pending.as_mut().ok_or(AttachmentError::Unannounced)?;
        self.byte_count += bytes.len();
        if self.byte_count > ATTACHMENT_BYTES_MAX {
            self.pending = None;
            return Err(AttachmentError::TooLarge);
        }
        assembled.attachments.push(bytes.to_vec());
        if assembled.attachments.len() < *expected {
            return Ok(None);
        }
        Ok(self.pending.take().map(|(assembled, _)| assembled))
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
            Some((assembled, expected)) => {
                Err(AttachmentError::Missing { missing: expected - assembled.attachments.len() })
            }
        }
    }
}

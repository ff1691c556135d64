//! Binary events arrive as one text packet and the announced number of binary frames behind it.

use super::packet::Packet;

/// The most bytes that the attachments of one packet may have together.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A text packet with all its binary frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryEvent {
    /// The acknowledgement id, if the packet is an acknowledgement.
    pub ack: Option<u64>,
    /// The JSON text, with placeholders where the attachments belong.
    pub data: String,
    /// The attachments, in order.
    pub attachments: Vec<Vec<u8>>,
}

/// Why attachments could not be put together. What was collected so far is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// A binary frame came that no packet had announced.
    #[error("a binary frame that no packet announced")]
    Unannounced,
    /// A text packet came where a binary frame was due.
    #[error("{missing} announced attachments did not come")]
    Missing {
        /// How many were still due.
        missing: usize,
    },
    /// The attachments are larger than the SDK takes.
    #[error("attachments of more than {MAX_BYTES} bytes")]
    TooLarge,
}

/// Collects the binary frames of one packet at a time.
#[derive(Debug, Default)]
pub struct Assembler {
    pending: Option<(BinaryEvent, usize)>,
    bytes: usize,
}

impl Assembler {
    /// Starts a packet that announced attachments. Returns it at once if it announced none.
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

    /// Adds a binary frame; returns the packet when it is complete.
    ///
    /// # Errors
    /// [`AttachmentError`] if no attachment is due, or all are too large.
    pub fn add(&mut self, bytes: &[u8]) -> Result<Option<BinaryEvent>, AttachmentError> {
        let (event, due) = self.pending.as_mut().ok_or(AttachmentError::Unannounced)?;
        self.bytes += bytes.len();
        if self.bytes > MAX_BYTES {
            self.pending = None;
            return Err(AttachmentError::TooLarge);
        }
        event.attachments.push(bytes.to_vec());
        if event.attachments.len() < *due {
            return Ok(None);
        }
        Ok(self.pending.take().map(|(event, _)| event))
    }

    /// To be called for every text packet: fails, and forgets what was collected, if attachments were still due.
    ///
    /// # Errors
    /// [`AttachmentError::Missing`] if the last binary packet is not complete.
    pub fn interrupt(&mut self) -> Result<(), AttachmentError> {
        if self.pending.is_none() {
            return Ok(());
        }
        match self.pending.take() {
            None => Ok(()),
            Some((event, due)) => Err(AttachmentError::Missing { missing: due - event.attachments.len() }),
        }
    }
}

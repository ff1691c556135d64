//! A limit on the memory that request bodies occupy until their requests are answered.
//!
//! The first 16 KiB of each body are not counted, because the limits on connections already bound the total of these bytes. The rest counts
//! against a budget for all addresses and a budget for each address, so a client that sends a large body slowly can occupy only its share
//! of the memory.

use std::collections::HashMap;
use std::error::Error;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::client_address::prefix_for_limits;

/// Number of bytes of each body that are not counted.
const UNCOUNTED_BYTES: usize = 16 * 1024;
/// Number of bytes by which a reservation grows at a time.
const RESERVATION_STEP_BYTES: usize = 64 * 1024;
const ALL_ADDRESSES_BYTES_MAX: usize = 48 * 1024 * 1024;
const ONE_ADDRESS_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Maximum length of a chunk that is copied. A small chunk would otherwise keep hyper's larger read buffer in memory.
const COPIED_CHUNK_BYTES_MAX: usize = 4096;

/// The budget for request bodies in memory, shared by all connections of a listener.
#[derive(Debug)]
pub(super) struct BodyBudget {
    total_bytes_max: usize,
    address_bytes_max: usize,
    used: Mutex<UsedBytes>,
}

#[derive(Debug, Default)]
struct UsedBytes {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The part of the budget that one request uses. It is released when the last clone of the meter is dropped.
#[derive(Debug, Clone)]
pub(super) struct BodyMeter(Arc<RequestBytes>);

#[derive(Debug)]
struct RequestBytes {
    budget: Arc<BodyBudget>,
    address: IpAddr,
    read_bytes: AtomicUsize,
    reserved_bytes: AtomicUsize,
    is_over_budget: AtomicBool,
}

/// The body of a request, which is counted while it is read.
pub(super) struct MeteredBody {
    body: Incoming,
    meter: BodyMeter,
}

impl BodyBudget {
    pub(super) fn new() -> Arc<Self> {
        Self::with_limits(ALL_ADDRESSES_BYTES_MAX, ONE_ADDRESS_BYTES_MAX)
    }

    fn with_limits(total_bytes_max: usize, address_bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { total_bytes_max, address_bytes_max, used: Mutex::default() })
    }

    /// Returns a meter for a request from this address.
    pub(super) fn new_meter(self: &Arc<Self>, address: IpAddr) -> BodyMeter {
        BodyMeter(Arc::new(RequestBytes {
            budget: self.clone(),
            address: prefix_for_limits(address),
            read_bytes: AtomicUsize::new(0),
            reserved_bytes: AtomicUsize::new(0),
            is_over_budget: AtomicBool::new(false),
        }))
    }

    fn reserve(&self, address: IpAddr, bytes: usize) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let address_bytes = used.by_address.get(&address).copied().unwrap_or_default() + bytes;
        if used.total + bytes > self.total_bytes_max || address_bytes > self.address_bytes_max {
            return false;
        }
        used.total += bytes;
        used.by_address.insert(address, address_bytes);
        true
    }

    fn release(&self, address: IpAddr, bytes: usize) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.total -= bytes;
        if let Some(address_bytes) = used.by_address.get_mut(&address) {
            *address_bytes -= bytes;
            if *address_bytes == 0 {
                used.by_address.remove(&address);
            }
        }
    }
}

impl BodyMeter {
    /// Counts bytes that were read. Returns false if they exceed the budget.
    fn count_read(&self, bytes: usize) -> bool {
        let request = &self.0;
        let read_bytes = request.read_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let needed = read_bytes.saturating_sub(UNCOUNTED_BYTES).next_multiple_of(RESERVATION_STEP_BYTES);
        let reserved_bytes = request.reserved_bytes.load(Ordering::Relaxed);
        if needed > reserved_bytes {
            if !request.budget.reserve(request.address, needed - reserved_bytes) {
                request.is_over_budget.store(true, Ordering::Relaxed);
                return false;
            }
            request.reserved_bytes.store(needed, Ordering::Relaxed);
        }
        true
    }

    /// Returns true if the body was cut off because it exceeded the budget.
    pub(super) fn is_over_budget(&self) -> bool {
        self.0.is_over_budget.load(Ordering::Relaxed)
    }
}

impl Drop for RequestBytes {
    fn drop(&mut self) {
        match *self.reserved_bytes.get_mut() {
            0 => {}
            reserved_bytes => self.budget.release(self.address, reserved_bytes),
        }
    }
}

impl MeteredBody {
    pub(super) fn new(body: Incoming, meter: BodyMeter) -> Self {
        Self { body, meter }
    }
}

impl Body for MeteredBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
        };
        if !self.meter.count_read(data.len()) {
            return Poll::Ready(Some(Err("too many bytes of request bodies are in memory".into())));
        }
        let data = if data.len() <= COPIED_CHUNK_BYTES_MAX { Bytes::copy_from_slice(&data) } else { data };
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_bodies_use_the_budget_until_they_are_dropped() {
        let budget = BodyBudget::with_limits(3 * RESERVATION_STEP_BYTES, 2 * RESERVATION_STEP_BYTES);
        let [a, b]: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        let (first, second, third) = (budget.new_meter(a), budget.new_meter(a), budget.new_meter(b));
        assert!(first.count_read(UNCOUNTED_BYTES) && first.count_read(2 * RESERVATION_STEP_BYTES));
        assert!(second.count_read(UNCOUNTED_BYTES));
        assert!(!second.count_read(1) && second.is_over_budget(), "the budget of the address is exhausted");
        assert!(third.count_read(UNCOUNTED_BYTES + RESERVATION_STEP_BYTES));
        assert!(!third.count_read(1), "the budget for all addresses is exhausted");
        assert!(budget.new_meter(b).count_read(UNCOUNTED_BYTES));
        drop(first);
        assert!(budget.new_meter(a).count_read(UNCOUNTED_BYTES + 1));
        drop((second, third));
        let used = budget.used.lock().unwrap();
        assert_eq!((used.total, used.by_address.len()), (0, 0));
    }
}

//! Joins and leaves in awkward orders.

//! When to do what again, and when to stop. The loop is the same for all that go on for a while; when to
//! fire, what to do and when to stop are handed in.

pub(crate) mod backoff;
pub(crate) mod drift;
pub(crate) mod policy;
pub(crate) mod readings;
pub(crate) mod rounds;
pub(crate) mod schedule;
pub(crate) mod target;
pub(crate) mod turns;
pub(crate) mod waiting;

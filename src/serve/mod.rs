//! `serve`: the readings of many identities for whoever asks: metrics, a page, JSON, a stream of events.
//! Who asks costs the registry nothing: answers are made of the last readings.

mod arguments;
mod board;
mod door;
mod listen;
mod lock;
mod observe;
mod reload;
mod status;
mod targets;

pub(crate) use arguments::files_of;
pub(crate) use board::{Board, Hub};
pub use door::Since;
pub(crate) use door::Views;
pub(crate) use listen::{listen, observers};
pub(crate) use lock::Lock;
use lock::LockError;
use observe::observe;
pub use observe::{Observations, PullKey};
pub(crate) use reload::Sources;
pub use status::{BOUNDS, Counted, Durations, Exporter, Standing, Status};
pub(crate) use targets::{carried, remember, renumbered, unseen};

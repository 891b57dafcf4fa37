//! The domain, pure: what a registry says of its limit, for whom, over which window. No I/O, no
//! async, no clock: times come in as arguments. Follows the project's protocol notes of November
//! 2026 and the IETF `ratelimit-headers` drafts 00–11.

mod arrival;
mod assessment;
mod elsewhere;
mod forecast;
mod header;
mod identity;
mod law;
mod policy;
mod reading;
mod record;
mod source;
#[cfg(test)]
pub(crate) mod testing;
mod window;

pub use arrival::Arrival;
pub use assessment::{Answer, Assessment, assess};
pub use elsewhere::{Elsewhere, elsewhere, without_count};
pub use forecast::{Change, Forecast, Forecaster, Point};
pub use header::{Field, GrammarError, Limits, Reset, read_limits};
pub use identity::Identity;
pub use law::{Law, Quota, Usage};
pub use policy::Policy;
pub use reading::{Confidence, Count, Family, Fault, FaultKind, LimitStatus, Reading, Throttle};
pub use record::{
    ErrorRecord, IdentityKind, IdentityRecord, Record, State, timestamp, whole_seconds,
};
pub use source::{Source, SourceKind};
pub use window::Window;

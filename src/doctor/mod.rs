//! What `doctor` knows: everything that decides whom a pull is counted on, and what can be wrong with
//! it. One file a topic; each gives [`Finding`]s, which make the [`DoctorReport`]. Nothing is changed
//! on the machine, no pull is spent, and no secret is shown.

mod bucket;
mod clock;
pub(crate) mod examination;
mod finding;
pub(crate) mod kubernetes;
mod logins;
pub(crate) mod pages;
mod runtimes;
pub(crate) mod target;
mod way;

pub(crate) use finding::SHOWN;
pub use finding::{DoctorReport, Finding, Severity, Topic};

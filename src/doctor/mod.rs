//! What `doctor` knows: everything that decides whom a pull is counted on, and what can be wrong with
//! it. One file a topic; each gives [`Finding`]s, which make the [`DoctorReport`]. Nothing is changed
//! on the machine, no pull is spent, and no secret is shown. Registries are asked by the caller.

pub(crate) mod bucket;
pub(crate) mod clock;
mod finding;
pub(crate) mod kubernetes;
pub(crate) mod logins;
pub(crate) mod pages;
pub(crate) mod runtimes;
pub(crate) mod target;
pub(crate) mod way;

pub(crate) use finding::SHOWN;
pub use finding::{DoctorReport, Finding, Severity, Topic};

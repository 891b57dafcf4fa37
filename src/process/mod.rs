//! Children: found on the `PATH` by one rule ([`find`]), bounded in time and output and ended with
//! all that they started ([`child`]), run one at a time beside something else ([`hook`]), listened to for as long as they go on
//! ([`follow`](mod@follow)), or in the foreground with the user's streams ([`foreground`]). Apart because a mistake here leaves
//! processes behind, and every room that runs a program needs the same care.

mod capture;
pub(crate) mod child;
mod find;
pub(crate) mod follow;
pub(crate) mod foreground;
mod guard;
pub(crate) mod hook;

pub(crate) use find::find;

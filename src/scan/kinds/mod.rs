//! One file a kind. How a kind is added is said in the module of their list, `scan/kind.rs`.

pub(super) mod compose;
pub(super) mod dockerfile;
pub(super) mod shell;

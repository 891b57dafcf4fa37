//! What a failure text means, and what to do about it: the words that container tools, kubelets and
//! CI systems print when a pull fails, turned into one [`Class`]. Apart because `stress` judges a
//! child's output and `explain` a log of any size by the same rules. Source: the project's pages on
//! runtimes ("What they print on a 429", "Order of judgement") and on Docker Hub's protocol
//! ("Wordings of a limit"), November 2026.
//!
//! A text goes through five steps, one file each: `lines` cuts bytes into lines of bounded length,
//! `wrapping` takes it out of what carries it (time stamps, quotation marks, envelopes), `line` peels
//! it (colours, levels, escaped quotes), `judge` decides by the first of the `rules` that fits, which
//! go by the phrases of `phrases` and the image and host that `subject` finds (with `address`),
//! `false_positives` sets aside what only talks about failures, and [`Explainer`] weighs the
//! [`Finding`]s of its lines against each other. What to know of a failure is rows of data, each with
//! an example that is its test: `phrases`, `rules`, `false_positives`, `advice`.
//! Beside them `occurrence` reads when, how often and where it was (with `moment` and `event`).

mod address;
mod advice;
mod class;
mod event;
mod explainer;
mod false_positives;
mod finding;
mod judge;
mod line;
mod lines;
mod listing;
mod literals;
mod log_context;
mod moment;
mod object;
mod occurrence;
mod passage;
mod phrases;
mod quotation;
mod rules;
mod status;
mod subject;
mod tool;
mod weighing;
mod wrapping;

pub use advice::advice;
pub use class::Class;
pub use explainer::Explainer;
pub use finding::Finding;
pub use occurrence::Occurrence;
pub use subject::Hub;

/// What the output of one failed child says: of everything found, what comes first in the order of
/// judgement; `None` where no line is a failure that is known.
///
/// ```
/// use dhlimit::diagnosis::{Class, Hub, classify};
/// let text = "Error response from daemon: toomanyrequests: You have reached your pull rate limit.";
/// assert_eq!(classify(text, &Hub::default()).map(|finding| finding.class), Some(Class::PullLimit));
/// ```
pub fn classify(text: &str, hub: &Hub) -> Option<Finding> {
    let mut first: Option<Finding> = None;
    let mut keep = |finding: Finding| {
        if first.as_ref().is_none_or(|first| finding.class < first.class) {
            first = Some(finding);
        }
    };
    let mut explainer = Explainer::new(hub.clone());
    explainer.feed(text.as_bytes(), &mut keep);
    explainer.finish(&mut keep);
    first
}

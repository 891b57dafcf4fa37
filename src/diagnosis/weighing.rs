//! Findings weighed against each other: warnings, debug lines and a bare 429 wait for a while, and
//! count only where no error near them says more. Memory is bounded whatever the input.

use std::collections::VecDeque;

use super::class::Class;
use super::finding::Finding;
use super::log_context::NEAR;

/// The most findings that wait at a time.
pub(super) const PENDING_MAX: usize = 64;

/// What waits, and what it is compared with.
#[derive(Debug, Default)]
pub(super) struct Weighing {
    pending: VecDeque<Finding>,
    /// What went out in a pause that otherwise would still wait.
    reported: VecDeque<Finding>,
    /// The last error that was handed out.
    last_error: Option<Finding>,
}

impl Weighing {
    /// An error: it speaks for the weaker lines before it that may tell of the same failure.
    pub(super) fn settle(&mut self, finding: Finding, found: &mut dyn FnMut(Finding)) {
        let is_same = |other: &Finding| {
            (other.line, other.class, &other.image, &other.occurrence.pod)
                == (finding.line, finding.class, &finding.image, &finding.occurrence.pod)
        };
        if self.last_error.as_ref().is_some_and(is_same) {
            return;
        }
        if finding.class == Class::Network
            && self.weaker().any(|weaker| weaker.is_certain_limit() && weaker.may_be(&finding))
        {
            return;
        }
        let is_reported = self
            .reported
            .iter()
            .any(|reported| reported.class == finding.class && reported.may_be(&finding));
        self.pending.retain(|pending| !pending.may_be(&finding));
        self.reported.retain(|reported| !reported.may_be(&finding));
        self.last_error = Some(finding.clone());
        if !is_reported {
            found(finding);
        }
    }

    /// Something weaker: kept until it is clear that no error speaks for it.
    pub(super) fn hold(&mut self, finding: Finding, found: &mut dyn FnMut(Finding)) {
        let is_local = finding.class == Class::NotFound;
        let is_said = self.last_error.as_ref().is_some_and(|error| {
            let same = error.class.is_limit() || error.class == finding.class || is_local;
            same && error.may_be(&finding)
        });
        let certain = |weaker: &Finding| weaker.is_certain_limit() && weaker.may_be(&finding);
        let is_reported = self
            .reported
            .iter()
            .any(|reported| (reported.line, reported.class) == (finding.line, finding.class));
        if is_said
            || is_reported
            || (finding.class == Class::LimitUnspecified && self.weaker().any(certain))
        {
            return;
        }
        if finding.is_certain_limit() {
            self.pending.retain(|pending| {
                pending.class != Class::LimitUnspecified || !pending.may_be(&finding)
            });
        }
        if self.pending.len() >= PENDING_MAX
            && let Some(first) = self.pending.pop_front()
        {
            found(first);
        }
        self.pending.push_back(finding);
    }

    /// What was held back, and may have gone out in a pause.
    fn weaker(&self) -> impl Iterator<Item = &Finding> {
        self.pending.iter().chain(&self.reported)
    }

    /// Hands out what has been held back for long enough.
    pub(super) fn release(&mut self, number: u64, found: &mut dyn FnMut(Finding)) {
        while self.pending.front().is_some_and(|pending| number.saturating_sub(pending.line) > NEAR)
        {
            if let Some(finding) = self.pending.pop_front() {
                found(finding);
            }
        }
        while self
            .reported
            .front()
            .is_some_and(|reported| number.saturating_sub(reported.line) > NEAR)
        {
            self.reported.pop_front();
        }
    }

    /// What waits goes out as it is known by now.
    pub(super) fn pause(&mut self, found: &mut dyn FnMut(Finding)) {
        for finding in self.pending.drain(..) {
            if self.reported.len() >= PENDING_MAX {
                self.reported.pop_front();
            }
            self.reported.push_back(finding.clone());
            found(finding);
        }
    }

    /// Whether nothing waits, nor is compared with.
    pub(super) fn is_idle(&self) -> bool {
        self.pending.is_empty() && self.reported.is_empty()
    }

    /// What waits.
    pub(super) fn pending(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.pending.iter_mut()
    }
}

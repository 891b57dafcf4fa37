//! What is found in a Kubernetes object over many lines waits for the object's end: when, how often and
//! where it happened is said before and after the message.

use super::event::{Gathered, Step};
use super::explainer::Judging;
use super::finding::Finding;
use super::occurrence::Occurrence;

/// The object that is going by, and what was found in it.
#[derive(Debug, Default)]
pub(super) struct Object {
    gathered: Gathered,
    /// Its first line.
    from: u64,
    found: Vec<Finding>,
}

impl Object {
    /// Has a line judged; what is found within an object waits for the object's end.
    pub(super) fn take(
        &mut self,
        judging: &mut Judging,
        number: u64,
        raw: &[u8],
        found: &mut dyn FnMut(Finding),
    ) {
        let step = self.gathered.take(raw);
        if let Step::Begins(said) = step {
            self.give(judging, said, found);
            self.from = number;
            judging.take(number, raw, &mut |finding| self.found.push(finding));
            return;
        }
        if self.gathered.is_open() || step != Step::None {
            judging.take(number, raw, &mut |finding| self.found.push(finding));
        } else {
            self.let_go(found);
            judging.take(number, raw, found);
        }
        if let Step::Ends(said) = step {
            self.give(judging, said, found);
        }
    }

    /// Gives what the object says to all that was found in it.
    fn give(
        &mut self,
        judging: &mut Judging,
        said: Option<Occurrence>,
        found: &mut dyn FnMut(Finding),
    ) {
        if let Some(said) = said {
            for finding in self.found.iter_mut().chain(judging.weighing.pending()) {
                if finding.line >= self.from {
                    let line = std::mem::replace(&mut finding.occurrence, said.clone());
                    finding.occurrence.complete(&line);
                }
            }
        }
        self.let_go(found);
    }

    pub(super) fn let_go(&mut self, found: &mut dyn FnMut(Finding)) {
        self.found.drain(..).for_each(found);
    }

    pub(super) fn end(&mut self, judging: &mut Judging, found: &mut dyn FnMut(Finding)) {
        let said = self.gathered.end();
        self.give(judging, said, found);
    }
}

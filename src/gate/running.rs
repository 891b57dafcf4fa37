//! While a command runs behind an open gate: the count is read now and then, and what it fell by is
//! what the command used.

use super::spent::{Spent, Used};
use super::wait::Question;
use crate::cli::Pass;
use crate::exit::Exit;
use crate::quota::Reading;

/// The count behind a command.
pub(crate) struct Running<'a> {
    question: &'a Question<'a>,
    spent: Spent,
}

impl<'a> Running<'a> {
    /// From the reading that opened the gate.
    pub(crate) fn since(reading: &Reading, question: &'a Question<'a>) -> Self {
        Self { question, spent: Spent::since(reading, question.pace.least()) }
    }

    /// Reads now and then, for as long as it is awaited.
    pub(crate) async fn watch(&mut self) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(self.spent.span()).await;
            let reading = self.read().await;
            self.spent.look(&reading);
        }
    }

    /// The last reading, and what was used in all.
    pub(crate) async fn end(self) -> (Used, Option<u64>) {
        let reading = self.read().await;
        (self.spent.end(&reading), reading.remaining())
    }

    async fn read(&self) -> Reading {
        let Question { session, client, image, who, .. } = self.question;
        session.read(client, image, who).await
    }
}

/// The exit code once the command has run: its own failure goes before what it used.
pub(crate) fn after(exit_code: u8, used: Used, max_use: Option<u64>, on_unknown: Pass) -> Exit {
    match (exit_code, max_use, used) {
        (1.., _, _) | (_, None, _) => Exit::Child(exit_code),
        (0, Some(most), used) if used.pulls().is_some_and(|used| used > most) => Exit::Limit,
        (0, Some(_), Used::Unknown) if on_unknown == Pass::Fail => Exit::Unknown,
        (0, Some(_), _) => Exit::Child(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, Used::Pulls(3), None, Pass::Fail, 0)]
    #[case(0, Used::Unknown, None, Pass::Fail, 0)]
    #[case(9, Used::Pulls(3), None, Pass::Fail, 9)]
    #[case(0, Used::Pulls(3), Some(3), Pass::Fail, 0)]
    #[case(0, Used::Pulls(4), Some(3), Pass::Fail, 1)]
    #[case(0, Used::Pulls(4), Some(3), Pass::Pass, 1)]
    #[case(9, Used::Pulls(4), Some(3), Pass::Fail, 9)]
    #[case(0, Used::AtLeast(4), Some(3), Pass::Fail, 1)]
    #[case(0, Used::AtLeast(3), Some(3), Pass::Fail, 0)]
    #[case(0, Used::Unknown, Some(3), Pass::Fail, 5)]
    #[case(0, Used::Unknown, Some(3), Pass::Pass, 0)]
    #[case(0, Used::Uncounted, Some(3), Pass::Fail, 0)]
    #[case(143, Used::Unknown, Some(3), Pass::Fail, 143)]
    fn a_command_s_own_failure_goes_before_what_it_used(
        #[case] exit_code: u8,
        #[case] used: Used,
        #[case] max_use: Option<u64>,
        #[case] on_unknown: Pass,
        #[case] code: u8,
    ) {
        assert_eq!(after(exit_code, used, max_use, on_unknown).code(), code);
    }
}

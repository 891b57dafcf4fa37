//! While a command runs behind an open gate: the count is read now and then, and what it fell by is
//! what the command used.

use super::spent::{Spent, Used};
use super::wait::Question;
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

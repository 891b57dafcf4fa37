//! Something of ours around each attempt of reqwest's to connect, which has no call for it: a layer
//! around its connector. Apart because [`super::preconnect`] and [`super::reuse`] each are one.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::{Layer, Service};

/// What the layers of reqwest's connector fail with.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What is done about an attempt to connect.
pub(super) trait Around: Clone + Send + 'static {
    /// The connection of an attempt; `open` does nothing before it is awaited, and need not be.
    fn connect<C: Send + 'static>(
        self,
        open: impl Future<Output = Result<C, BoxError>> + Send,
    ) -> impl Future<Output = Result<C, BoxError>> + Send;
}

/// The layer that puts `A` around a connector.
#[derive(Clone)]
pub(super) struct With<A>(pub(super) A);

impl<S, A: Around> Layer<S> for With<A> {
    type Service = Connector<S, A>;

    fn layer(&self, inner: S) -> Connector<S, A> {
        Connector { inner, around: self.0.clone() }
    }
}

/// A connector with something around each attempt.
#[derive(Clone)]
pub(super) struct Connector<S, A> {
    inner: S,
    around: A,
}

impl<S, A, R> Service<R> for Connector<S, A>
where
    S: Service<R, Error = BoxError> + Clone + Send + 'static,
    S::Response: Send + 'static,
    S::Future: Send + 'static,
    A: Around,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        // The service that was polled ready must be the one called.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        Box::pin(self.around.clone().connect(async move { inner.call(destination).await }))
    }
}

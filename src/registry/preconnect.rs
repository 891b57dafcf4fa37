//! Opens a connection (TCP and TLS) before there is anything to send on it. reqwest has no call for
//! that, so a layer around its connector keeps one opened connection aside: [`Preconnect::arm`]
//! makes the next connect attempt end in the slot instead of in a request, and the attempt after
//! that takes it out again. No byte of HTTP is sent in between.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::sync::Mutex;
use tower::{Layer, Service};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// A `Result<connection, BoxError>` of whatever connection type reqwest has.
type Kept = Box<dyn Any + Send>;

/// Why the attempt that opened the connection has no connection to show: it is kept aside.
#[derive(Debug, thiserror::Error)]
#[error("the connection is kept for the request to come")]
struct KeptAside;

/// One connection kept aside, shared with the layer.
#[derive(Clone, Default)]
pub(super) struct Preconnect {
    armed: Arc<AtomicBool>,
    slot: Arc<Mutex<Option<Kept>>>,
}

impl Preconnect {
    /// The next connect attempt is kept aside.
    pub(super) fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// No attempt is kept aside any more; whether one was still awaited.
    pub(super) fn disarm(&self) -> bool {
        self.armed.swap(false, Ordering::SeqCst)
    }
}

impl<S> Layer<S> for Preconnect {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector { inner, preconnect: self.clone() }
    }
}

/// reqwest's connector with the slot before it.
#[derive(Clone)]
pub(super) struct Connector<S> {
    inner: S,
    preconnect: Preconnect,
}

impl<S, R> Service<R> for Connector<S>
where
    S: Service<R, Error = BoxError> + Clone + Send + 'static,
    S::Response: Send + 'static,
    S::Future: Send + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let Preconnect { armed, slot } = self.preconnect.clone();
        // The service that was polled ready must be the one called.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        Box::pin(async move {
            // Held while the connection opens: a request that comes meanwhile waits for it here.
            let mut slot = slot.lock().await;
            if armed.swap(false, Ordering::SeqCst) {
                let opened: Result<S::Response, BoxError> = inner.call(destination).await;
                *slot = Some(Box::new(opened));
                return Err(KeptAside.into());
            }
            let kept = slot.take();
            drop(slot);
            match kept.map(Kept::downcast::<Result<S::Response, BoxError>>) {
                Some(Ok(opened)) => *opened,
                _ => inner.call(destination).await,
            }
        })
    }
}

//! Opens a connection (TCP and TLS) before there is anything to send on it. reqwest has no call for
//! that, so a layer around its connector keeps one opened connection aside: [`Preconnect::arm`]
//! makes the next connect attempt end in the slot instead of in a request, and the attempt after
//! that takes it out again. No byte of HTTP is sent in between.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

use super::connector::{Around, BoxError};

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

impl Around for Preconnect {
    async fn connect<C: Send + 'static>(
        self,
        open: impl Future<Output = Result<C, BoxError>> + Send,
    ) -> Result<C, BoxError> {
        // Held while the connection opens: a request that comes meanwhile waits for it here.
        let mut slot = self.slot.lock().await;
        if self.armed.swap(false, Ordering::SeqCst) {
            let opened: Result<C, BoxError> = open.await;
            *slot = Some(Box::new(opened));
            return Err(KeptAside.into());
        }
        let kept = slot.take();
        drop(slot);
        match kept.map(Kept::downcast::<Result<C, BoxError>>) {
            Some(Ok(opened)) => *opened,
            _ => open.await,
        }
    }
}

//! A registry whose blobs never come, so that a pull can be cut short when its manifests are there.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A port of 127.0.0.1 that passes everything on to a sandbox but requests for blobs, which it
/// keeps. It ends with the test's runtime.
pub(crate) struct Stall {
    port: u16,
    asked: Arc<Notify>,
}

impl Stall {
    pub(crate) async fn before(target: std::net::SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Notify::new());
        let notify = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(target).await.expect("the sandbox");
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
                let notify = Arc::clone(&notify);
                tokio::spawn(async move {
                    let mut buffer = vec![0; 64 << 10];
                    while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
                        if buffer[..count].windows(7).any(|window| window == b"/blobs/") {
                            notify.notify_one();
                            std::future::pending::<()>().await;
                        }
                        if to_server.write_all(&buffer[..count]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { port, asked }
    }

    /// HOST:PORT.
    pub(crate) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Waits until a blob has been asked for.
    pub(crate) async fn a_blob_was_asked_for(&self) {
        self.asked.notified().await;
    }
}

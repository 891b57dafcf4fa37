//! Asking a registry: its challenge, its token service, its manifests, and from the answer a
//! reading. Follows the OCI distribution specification 1.1 (2024), the distribution project's token
//! specification, and the project's protocol notes of November 2026. Apart from the sandbox on
//! purpose: two independent readings of the protocol keep each other honest.

mod answered;
mod challenge;
mod client;
mod connector;
mod endpoint;
mod error;
mod no_proxy;
mod preconnect;
mod proof;
mod proxy;
mod proxy_fault;
mod reading;
mod reuse;
mod secrets;
mod token;
mod transport;

pub use answered::Answered;
pub use challenge::{Challenge, parse_challenge};
pub use client::Client;
pub use endpoint::{Endpoint, EndpointError, Places, TokenService, shown_origin};
pub use error::{Cause, RegistryError};
pub use proxy::{Proxy, ProxyError, proxy_for};
pub use reading::{Principal, assess_answer, meaning, status_of};
pub use transport::{Trust, TrustError};
pub(crate) use transport::{cause_of, plain_client};

//! Docker Hub (or another registry) behind Amazon ECR: a pull-through cache rule with its secret, the
//! template of its repositories and the policies of those who keep it and pull through it. Asked for
//! (`request`), printed (`print`) or done through the user's own aws command (`work`), since AWS's own
//! library would be larger than all of dhlimit. Follows AWS's user guide of ECR and the service model
//! of botocore 1.44.8 (read November 2026).

mod arguments;
mod aws;
mod call;
mod policy;
mod print;
mod report;
mod request;
mod upstream;
mod work;

pub use aws::{Aws, AwsError, password};
pub use print::{Form, print};
pub use report::{EcrReport, State, Step};
pub use request::{ROOT, Request, RequestError, Secret, Wanted};
pub use upstream::{UPSTREAMS, Upstream};
pub use work::{Aim, Work, remove};

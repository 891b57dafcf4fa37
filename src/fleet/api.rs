//! The HTTP API of Prometheus (version 1, stable since 2.0), as far as a fleet needs it: instant queries and
//! one over a span of time.
//! Bounded in time and bytes; what the server says is shown as one line.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::group::{time, whole};
use super::{Course, Seen};
use crate::context::Environment;
use crate::exit::Exit;
use crate::registry::{Trust, cause_of, plain_client, shown_origin};
use crate::text::one_line;

/// The most bytes of an answer: tens of thousands of nodes.
const MOST_BODY: usize = 256 << 20;

/// Who is shown to the server.
pub(crate) enum Login {
    /// A bearer token.
    Bearer(SecretString),
    /// A user and a password.
    Basic(String, SecretString),
}

/// What went wrong with the server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// No client can be made.
    #[error("no connection to {0} can be set up: {1}")]
    Client(String, String),
    /// It was not reached.
    #[error("{0} was not reached: {1}")]
    Unreached(String, String),
    /// It did not answer in time.
    #[error("{0} did not answer in time")]
    Late(String),
    /// It wants another login.
    #[error("{0} refuses the login (HTTP {1})")]
    Refused(String, u16),
    /// It does not take the question.
    #[error("{0} does not take the query: {1}")]
    Query(String, String),
    /// What it answered is none of Prometheus' answers.
    #[error("{0} does not answer as Prometheus does: {1}")]
    Nonsense(String, String),
}

impl ApiError {
    /// How a command ends that it happens to.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Client(..) | Self::Query(..) => Exit::Usage,
            Self::Unreached(..) | Self::Late(_) | Self::Nonsense(..) => Exit::Unreachable,
            Self::Refused(..) => Exit::Credentials,
        }
    }

    /// What to do next.
    pub(crate) const fn advice(&self) -> &'static str {
        match self {
            Self::Client(..) => "a proxy variable or the URL cannot be used",
            Self::Unreached(..) | Self::Late(_) => {
                "see whether the server runs and --prometheus names it, such as http://prometheus:9090"
            }
            Self::Refused(..) => {
                "give the server's login: --bearer-file FILE, or --user NAME --password-file FILE"
            }
            Self::Query(..) => "--match takes labels as PromQL has them: 'cluster=\"eu\"'",
            Self::Nonsense(..) => {
                "--prometheus names what stands before /api/v1, such as http://thanos:9090"
            }
        }
    }
}

/// A server.
pub(crate) struct Api {
    client: reqwest::Client,
    /// What stands before the names of its questions.
    base: Url,
    login: Option<Login>,
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    error: Option<String>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    metric: BTreeMap<String, String>,
    value: Option<(f64, String)>,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

impl Api {
    /// The server at a URL; its path is what stands before `/api/v1`.
    ///
    /// # Errors
    /// No client can be made for it.
    pub(crate) fn new(
        url: &Url,
        trust: &Trust,
        environment: &Environment,
        login: Option<Login>,
    ) -> Result<Self, ApiError> {
        let mut base = url.clone();
        base.set_path(&format!("{}/api/v1/", url.path().trim_end_matches('/')));
        base.set_query(None);
        let client = plain_client(url, trust, environment)
            .map_err(|error| ApiError::Client(shown_origin(url), error.to_string()))?;
        Ok(Self { client, base, login })
    }

    /// The samples of an instant query.
    ///
    /// # Errors
    /// The server is not reached, refuses, or answers something else.
    pub(crate) async fn query(
        &self,
        expression: &str,
        deadline: Instant,
    ) -> Result<Vec<Seen>, ApiError> {
        let rows = self.ask("query", &[("query", expression)], deadline).await?;
        Ok(rows.into_iter().filter_map(Row::seen).collect())
    }

    /// The whole numbers of an expression over time, a step apart; both in seconds.
    ///
    /// # Errors
    /// The server is not reached, refuses, or answers something else.
    pub(crate) async fn query_range(
        &self,
        expression: &str,
        (from, to, step): (i64, i64, i64),
        deadline: Instant,
    ) -> Result<Vec<Course>, ApiError> {
        let (from, to, step) = (from.to_string(), to.to_string(), step.to_string());
        let form = [
            ("query", expression),
            ("start", from.as_str()),
            ("end", to.as_str()),
            ("step", step.as_str()),
        ];
        let rows = self.ask("query_range", &form, deadline).await?;
        Ok(rows.into_iter().map(Row::course).collect())
    }

    async fn ask(
        &self,
        question: &str,
        form: &[(&str, &str)],
        deadline: Instant,
    ) -> Result<Vec<Row>, ApiError> {
        let name = || shown_origin(&self.base);
        let mut url = self.base.clone();
        url.set_path(&format!("{}{question}", self.base.path()));
        let mut request = self.client.post(url).form(form);
        request = match &self.login {
            Some(Login::Bearer(token)) => request.bearer_auth(token.expose_secret()),
            Some(Login::Basic(user, password)) => {
                request.basic_auth(user, Some(password.expose_secret()))
            }
            None => request,
        };
        let answering = async {
            let mut response = request.send().await?;
            let status = response.status().as_u16();
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                if body.len() + chunk.len() > MOST_BODY {
                    return Ok((status, None));
                }
                body.extend_from_slice(&chunk);
            }
            Ok::<_, reqwest::Error>((status, Some(body)))
        };
        let (status, body) = timeout_at(deadline, answering)
            .await
            .map_err(|_| ApiError::Late(name()))?
            .map_err(|error| ApiError::Unreached(name(), one_line(&cause_of(&error).1, 300)))?;
        if matches!(status, 401 | 403 | 407) {
            return Err(ApiError::Refused(name(), status));
        }
        let Some(body) = body else {
            return Err(ApiError::Nonsense(name(), "its answer has no end".to_owned()));
        };
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| {
            let words = one_line(&String::from_utf8_lossy(&body), 120);
            ApiError::Nonsense(name(), format!("HTTP {status}, {words}"))
        })?;
        match answer {
            Answer { data: Some(data), status, .. } if status == "success" => Ok(data.result),
            Answer { error, .. } => {
                let words = one_line(&error.unwrap_or_default(), 300);
                Err(ApiError::Query(name(), words))
            }
        }
    }
}

impl Row {
    fn seen(self) -> Option<Seen> {
        Some(Seen { labels: self.metric, value: self.value?.1.parse().ok()? })
    }

    fn course(self) -> Course {
        let point = |(at, value): (f64, String)| Some((time(at)?, whole(value.parse().ok()?)?));
        Course { labels: self.metric, points: self.values.into_iter().filter_map(point).collect() }
    }
}

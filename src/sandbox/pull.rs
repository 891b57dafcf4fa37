//! The registry: the pull side of the OCI distribution specification 1.1 (February 2024), with
//! Docker Hub's tokens, headers and limit on it.

use axum::body::Body;
use axum::http::header::{
    ACCEPT, ACCEPT_RANGES, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, LINK, RANGE,
    WWW_AUTHENTICATE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::Sandbox;
use super::answer;
use super::caller::Caller;
use super::content::{INDEX_TYPE, MANIFEST_TYPE, Part, parse_digest};
use super::identity::Identity;
use super::ledger::{Ask, Kind, Verdict};
use super::range::Range;
use super::shelf::{Found, TAGS};
use super::token::{SERVICE, TokenError, Use};
use super::{Outcome, Profile};

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");

/// What a path below `/v2/` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target<'a> {
    Base,
    Manifest { name: &'a str, reference: &'a str },
    Blob { name: &'a str, digest: &'a str },
    Tags { name: &'a str },
    Referrers { name: &'a str },
    Unknown,
}

impl<'a> Target<'a> {
    fn of(path: &'a str) -> Self {
        let Some(rest) = path.strip_prefix("/v2").map(|rest| rest.trim_start_matches('/')) else {
            return Self::Unknown;
        };
        if rest.is_empty() {
            return Self::Base;
        }
        let Some((left, last)) = rest.rsplit_once('/') else { return Self::Unknown };
        let Some((name, kind)) = left.rsplit_once('/') else { return Self::Unknown };
        match kind {
            "manifests" => Self::Manifest { name, reference: last },
            "blobs" => Self::Blob { name, digest: last },
            "referrers" => Self::Referrers { name },
            "tags" if last == "list" => Self::Tags { name },
            _ => Self::Unknown,
        }
    }

    fn name(self) -> Option<&'a str> {
        match self {
            Self::Manifest { name, .. }
            | Self::Blob { name, .. }
            | Self::Tags { name }
            | Self::Referrers { name } => Some(name),
            Self::Base | Self::Unknown => None,
        }
    }
}

/// Who holds the token that came.
struct Holder<'a> {
    identity: Identity,
    user: Option<&'a str>,
    token_id: String,
}

/// Answers a request to the registry.
pub(super) fn answer(sandbox: &Sandbox, parts: &Parts, caller: &Caller<'_>) -> Outcome {
    let target = Target::of(parts.uri.path());
    let mut outcome = match admit(sandbox, parts, caller, target.name()) {
        Err(refusal) => {
            sandbox.ledger().note(caller.address, Kind::Other, sandbox.since_epoch());
            Outcome::of(*refusal, caller.address)
        }
        Ok(holder) if !matches!(parts.method, Method::GET | Method::HEAD) => {
            let refusal = answer::error(
                StatusCode::METHOD_NOT_ALLOWED,
                "UNSUPPORTED",
                "the sandbox can be pulled from only",
                &Value::Null,
            );
            Outcome::of(refusal, holder.identity)
        }
        Ok(holder) => {
            if let Target::Manifest { name, reference } = target {
                manifest(sandbox, parts, caller, &holder, name, reference)
            } else {
                let kind =
                    if matches!(target, Target::Blob { .. }) { Kind::Blob } else { Kind::Other };
                sandbox.ledger().note(holder.identity, kind, sandbox.since_epoch());
                Outcome::of(uncounted(sandbox, parts, target), holder.identity)
            }
        }
    };
    outcome.response.headers_mut().insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
    outcome
}

fn uncounted(sandbox: &Sandbox, parts: &Parts, target: Target<'_>) -> Response {
    match target {
        Target::Base => answer::with_json(StatusCode::OK, &json!({})),
        Target::Blob { name, .. } | Target::Tags { name } | Target::Referrers { name }
            if is_missing(name) =>
        {
            name_unknown(name)
        }
        Target::Blob { name, digest } => blob(sandbox, parts, name, digest),
        Target::Tags { name } => tags(parts, name),
        Target::Referrers { .. } => {
            let list = json!({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []});
            answer::with_body(
                StatusCode::OK,
                HeaderValue::from_static(INDEX_TYPE),
                list.to_string(),
            )
        }
        Target::Manifest { .. } | Target::Unknown => answer::error(
            StatusCode::NOT_FOUND,
            "UNSUPPORTED",
            "there is nothing under this path",
            &Value::Null,
        ),
    }
}

/// Whoever has a good token for the repository, or the challenge.
fn admit<'a>(
    sandbox: &'a Sandbox,
    parts: &Parts,
    caller: &Caller<'_>,
    name: Option<&str>,
) -> Result<Holder<'a>, Box<Response>> {
    let refuse = |error| Err(Box::new(challenge(sandbox, caller, name, error)));
    let bearer = parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '));
    let Some((_, token)) = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
    else {
        return refuse(None);
    };
    let mut space = Vec::new();
    let claims = match sandbox.signer().read(
        token.trim(),
        Use::Access,
        sandbox.now().timestamp(),
        &mut space,
    ) {
        Ok(claims) => claims,
        Err(TokenError::Foreign | TokenError::Expired) => return refuse(Some("invalid_token")),
    };
    if name.is_some_and(|name| !claims.may_pull(name)) {
        return refuse(Some("insufficient_scope"));
    }
    let account = sandbox.account(&claims.sub);
    Ok(Holder {
        identity: account.map_or(caller.address, |(place, _)| Identity::Account(place)),
        user: account.map(|(_, account)| account.user.as_str()),
        token_id: claims.jti.into_owned(),
    })
}

fn challenge(
    sandbox: &Sandbox,
    caller: &Caller<'_>,
    name: Option<&str>,
    error: Option<&str>,
) -> Response {
    let mut value = format!("Bearer realm=\"{}/token\",service=\"{SERVICE}\"", caller.origin());
    let detail = name.map_or(Value::Null, |name| {
        value.push_str(",scope=\"repository:");
        value.extend(name.chars().filter(|character| {
            character.is_ascii_graphic() && *character != '"' && *character != '\\'
        }));
        value.push_str(":pull\"");
        json!([{"Type": "repository", "Class": "", "Name": name, "Action": "pull"}])
    });
    if let Some(error) = error {
        value.push_str(",error=\"");
        value.push_str(error);
        value.push('"');
    }
    let mut response =
        answer::error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required", &detail);
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
    answer::source_field(
        response.headers_mut(),
        sandbox.profile().manners().source,
        None,
        &caller.address,
    );
    response
}

fn manifest(
    sandbox: &Sandbox,
    parts: &Parts,
    caller: &Caller<'_>,
    holder: &Holder<'_>,
    name: &str,
    reference: &str,
) -> Outcome {
    let (profile, is_get) = (sandbox.profile(), parts.method == Method::GET);
    let manners = profile.manners();
    if is_missing(name) {
        sandbox.ledger().note(
            holder.identity,
            if is_get { Kind::Get } else { Kind::Head },
            sandbox.since_epoch(),
        );
        return Outcome::of(name_unknown(name), holder.identity);
    }
    let digest = parse_digest(reference);
    let found = match digest {
        Some(digest) => {
            sandbox.shelf().by_digest(name, &digest).filter(|found| found.part.is_manifest())
        }
        None if is_missing(reference) => None,
        None => {
            // The end of the path, from the name on, is a text for both that is there already.
            let path = parts.uri.path();
            let key = path
                .len()
                .checked_sub(name.len() + "/manifests/".len() + reference.len())
                .and_then(|start| path.get(start..));
            sandbox
                .shelf()
                .by_tag(key.unwrap_or(path), name, reference)
                .map(|image| Found { image, part: negotiate(&parts.headers) })
        }
    };
    let ask = match &found {
        None => Ask::Missing { get: is_get },
        Some(found) if is_get => {
            Ask::Get { image: found.image.id(), platform: found.part != Part::Index }
        }
        Some(found) => Ask::Head(digest.map(|_| found.image.id())),
    };
    let verdict = sandbox.count(holder.identity, manners.refuses_head, ask);
    let mut response = match found {
        _ if verdict.refused && is_get => {
            answer::pull_limit(manners, holder.user, &holder.token_id)
        }
        _ if verdict.refused => empty(StatusCode::TOO_MANY_REQUESTS),
        None => answer::error(
            StatusCode::NOT_FOUND,
            "MANIFEST_UNKNOWN",
            "manifest unknown",
            &json!(format!("unknown tag={reference}")),
        ),
        Some(found) => serve(&found, is_get),
    };
    let headers = response.headers_mut();
    if let Some(balance) = verdict.balance {
        match profile {
            Profile::Odd if !verdict.refused => {
                answer::odd_fields(headers, sandbox.turn(), balance);
            }
            _ => answer::limit_fields(
                headers,
                if verdict.refused { manners.refused } else { manners.answered },
                balance,
            ),
        }
    }
    answer::source_field(headers, manners.source, holder.user, &caller.address);
    let Verdict { balance, counted, .. } = verdict;
    Outcome {
        response,
        identity: holder.identity,
        remaining: balance.map(|balance| balance.remaining),
        counted,
    }
}

/// The index, unless the client says that it takes single manifests only; then the one of
/// linux/amd64, as Docker Hub does. What nobody can satisfy is answered with the index, too.
fn negotiate(headers: &HeaderMap) -> Part {
    let mut takes_manifest = false;
    for value in headers.get_all(ACCEPT) {
        for media_type in value.to_str().unwrap_or("").split(',') {
            match media_type.split(';').next().unwrap_or("").trim() {
                INDEX_TYPE | "*/*" | "application/*" => return Part::Index,
                MANIFEST_TYPE => takes_manifest = true,
                _ => {}
            }
        }
    }
    if takes_manifest { Part::Manifest(0) } else { Part::Index }
}

fn serve(found: &Found, with_body: bool) -> Response {
    let content = found.image.content(found.part);
    let body = if with_body { Body::from(content.bytes.clone()) } else { Body::empty() };
    let mut response =
        answer::with_body(StatusCode::OK, HeaderValue::from_static(found.part.media_type()), body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_DIGEST, content.named.clone());
    headers.insert(CONTENT_LENGTH, HeaderValue::from(content.bytes.len()));
    response
}

fn blob(sandbox: &Sandbox, parts: &Parts, name: &str, digest: &str) -> Response {
    let found = parse_digest(digest)
        .and_then(|digest| sandbox.shelf().by_digest(name, &digest))
        .filter(|found| !found.part.is_manifest());
    let Some(found) = found else {
        return answer::error(
            StatusCode::NOT_FOUND,
            "BLOB_UNKNOWN",
            "blob unknown to registry",
            &json!({"digest": digest}),
        );
    };
    let whole = found.image.content(found.part).bytes.len();
    let mut response = serve(&found, parts.method == Method::GET);
    response.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if parts.method == Method::HEAD {
        return response;
    }
    match parts
        .headers
        .get(RANGE)
        .and_then(|value| value.to_str().ok())
        .map_or(Range::Whole, |value| Range::of(value, whole))
    {
        Range::Whole => response,
        Range::Part { from, to } => {
            let bytes = found.image.content(found.part).bytes.slice(from..=to);
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            *response.body_mut() = Body::from(bytes);
            with_field(response, CONTENT_RANGE, &format!("bytes {from}-{to}/{whole}"))
        }
        Range::Outside => {
            let refusal = answer::error(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "BLOB_UNKNOWN",
                "the range is not in the blob",
                &Value::Null,
            );
            with_field(refusal, CONTENT_RANGE, &format!("bytes */{whole}"))
        }
    }
}

fn tags(parts: &Parts, name: &str) -> Response {
    let query: Vec<_> =
        url::form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes()).collect();
    let field = |wanted: &str| {
        query.iter().find(|(found, _)| found == wanted).map(|(_, value)| value.as_ref())
    };
    let last = field("last").unwrap_or("");
    let most = field("n").and_then(|number| number.parse().ok()).unwrap_or(TAGS.len());
    let after: Vec<&str> = TAGS.into_iter().filter(|tag| *tag > last).collect();
    let page: Vec<&str> = after.iter().copied().take(most).collect();
    let response = answer::with_json(StatusCode::OK, &json!({"name": name, "tags": page}));
    match page.last() {
        Some(end) if page.len() < after.len() => with_field(
            response,
            LINK,
            &format!("</v2/{name}/tags/list?last={end}&n={most}>; rel=\"next\""),
        ),
        _ => response,
    }
}

fn name_unknown(name: &str) -> Response {
    answer::error(
        StatusCode::NOT_FOUND,
        "NAME_UNKNOWN",
        "repository name not known to registry",
        &json!({"name": name}),
    )
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn with_field(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Whether a name is one of those that do not exist: some part of it begins with `missing`.
fn is_missing(name: &str) -> bool {
    name.split('/').any(|part| part.starts_with("missing"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("/v2/", Target::Base)]
    #[case("/v2", Target::Base)]
    #[case("/v2/library/nginx/manifests/latest", Target::Manifest { name: "library/nginx", reference: "latest" })]
    #[case("/v2/a/manifests/b/manifests/c", Target::Manifest { name: "a/manifests/b", reference: "c" })]
    #[case("/v2/a/blobs/sha256:00", Target::Blob { name: "a", digest: "sha256:00" })]
    #[case("/v2/a/b/c/tags/list", Target::Tags { name: "a/b/c" })]
    #[case("/v2/a/referrers/sha256:00", Target::Referrers { name: "a" })]
    #[case("/v2/_catalog", Target::Unknown)]
    #[case("/v2/manifests/latest", Target::Unknown)]
    #[case("/v2/a/tags/other", Target::Unknown)]
    #[case("/v1/a/manifests/b", Target::Unknown)]
    #[case("/", Target::Unknown)]
    fn paths_are_read_from_their_end(#[case] path: &str, #[case] target: Target<'_>) {
        assert_eq!(Target::of(path), target);
    }

    #[rstest]
    #[case(&[], Part::Index)]
    #[case(&["*/*"], Part::Index)]
    #[case(&["application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json;q=0.5"], Part::Index)]
    #[case(&["application/vnd.oci.image.manifest.v1+json", "*/*"], Part::Index)]
    #[case(&["application/vnd.oci.image.manifest.v1+json"], Part::Manifest(0))]
    #[case(&["application/vnd.docker.distribution.manifest.v2+json"], Part::Index)]
    fn a_client_gets_what_it_takes(#[case] accept: &[&str], #[case] part: Part) {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(ACCEPT, HeaderValue::from_str(value).unwrap());
        }
        assert_eq!(negotiate(&headers), part);
    }

    #[test]
    fn what_begins_with_missing_is_missing() {
        for name in ["missing", "missing-1", "library/missing", "missing/x"] {
            assert!(is_missing(name), "{name}");
        }
        assert!(!is_missing("library/dismissing"));
    }
}

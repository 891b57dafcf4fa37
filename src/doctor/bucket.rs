//! Whom the registry counts: what the answers say together to a HEAD for each identity over each
//! address family.

use chrono::{DateTime, Utc};

use super::target::Target;
use super::{Finding, Severity, Topic};
use crate::credentials::Credential;
use crate::quota::{Family, Fault, FaultKind, LimitStatus, Reading, Record, SourceKind};

/// A reading, the registry's clock, and what kind of proof was sent.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The reading.
    pub reading: Reading,
    /// The `Date` of the answer.
    pub date: Option<DateTime<Utc>>,
    /// What kind of proof was sent.
    pub proof: Proof,
}

/// What kind of proof of identity was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// None, or a password.
    Plain,
    /// A refresh token, which the token service takes or refuses.
    IdentityToken,
    /// A bearer token, which the registry takes or refuses.
    RegistryToken,
}

impl Asked {
    /// What came back to somebody with that credential.
    pub(crate) fn of(
        credential: &Credential,
        (reading, date): (Reading, Option<DateTime<Utc>>),
    ) -> Self {
        let proof = match credential {
            Credential::IdentityToken { .. } => Proof::IdentityToken,
            Credential::RegistryToken(_) => Proof::RegistryToken,
            Credential::Anonymous | Credential::Password { .. } => Proof::Plain,
        };
        Self { reading, date, proof }
    }
}

fn finding(severity: Severity, id: &'static str, subject: &str, evidence: &str) -> Finding {
    Finding::new(Topic::Count, severity, id, subject, evidence)
}

/// What the answers say.
pub(crate) fn judge(target: &Target, asked: &[Asked]) -> Vec<Finding> {
    let registry = target.registry();
    let (lost, reached): (Vec<&Asked>, Vec<&Asked>) =
        asked.iter().partition(|asked| is_unreached(&asked.reading));
    let mut findings = Vec::new();
    for asked in &reached {
        findings.extend(one(target, asked));
    }
    findings.extend(families(registry, &reached));
    // Over a family that is not there nobody is reached, and that is no fault while there is the other.
    let is_had = |asked: &&Asked| {
        reached.iter().any(|other| other.reading.identity == asked.reading.identity)
    };
    let lost: Vec<&Asked> = lost.into_iter().filter(|asked| !is_had(asked)).collect();
    findings.extend(unreached(registry, &lost, !reached.is_empty()));
    merged(findings)
}

/// What a pull from here is counted on: a reading for each address family that answers, one where none
/// does.
pub(crate) fn effective(asked: &[Asked]) -> Vec<Record> {
    let all = || asked.iter().map(|asked| &asked.reading).filter(|reading| reading.effective);
    let reached: Vec<Record> =
        all().filter(|reading| !is_unreached(reading)).map(Record::from).collect();
    if reached.is_empty() { all().take(1).map(Record::from).collect() } else { reached }
}

/// Whether nothing came back.
fn is_unreached(reading: &Reading) -> bool {
    reading
        .fault()
        .is_some_and(|fault| matches!(fault.kind, FaultKind::Network | FaultKind::Timeout))
}

/// That nothing came back for these; they are named where others had an answer.
fn unreached(registry: &str, lost: &[&Asked], named: bool) -> Option<Finding> {
    let faults: Vec<(&Reading, &Fault)> =
        lost.iter().filter_map(|asked| Some((&asked.reading, asked.reading.fault()?))).collect();
    let (_, first) = faults.first()?;
    let asker =
        |reading: &Reading| if named { format!("{}: ", who(reading)) } else { String::new() };
    let mut told: Vec<(&Reading, &str)> =
        faults.iter().map(|(reading, fault)| (*reading, fault.message.as_str())).collect();
    told.dedup_by(|next, last| next.1 == last.1 && (!named || next.0.identity == last.0.identity));
    let evidence = match &told[..] {
        [(reading, message)] => format!("{}{message}", asker(reading)),
        several => several
            .iter()
            .map(|(reading, message)| format!("{}{}{message}", asker(reading), over(reading, ": ")))
            .collect::<Vec<_>>()
            .join("; "),
    };
    Some(
        finding(Severity::Error, "registry-unreachable", registry, &evidence).advise(&first.advice),
    )
}

fn over(reading: &Reading, end: &str) -> String {
    match reading.family {
        Some(Family::Ipv4) => format!("IPv4{end}"),
        Some(Family::Ipv6) => format!("IPv6{end}"),
        None => String::new(),
    }
}

/// Who asked: `anonymous`, `bob (~/.docker/config.json …)`.
fn who(reading: &Reading) -> String {
    match &reading.identity {
        crate::quota::Identity::Account { credentials_from: Some(from), .. } => {
            format!("{} (by {from})", reading.identity)
        }
        identity => identity.to_string(),
    }
}

fn one(target: &Target, asked: &Asked) -> Vec<Finding> {
    let registry = target.registry();
    let reading = &asked.reading;
    let who = who(reading);
    if let Some(fault) = reading.fault() {
        return vec![of_fault(target, asked, &who, fault)];
    }
    let mut findings = Vec::new();
    let over = reading.family.map(|_| format!(", over {}", over(reading, ""))).unwrap_or_default();
    let counted = reading.source.as_ref().map_or_else(
        || format!("{who} is counted; the registry does not say as whom"),
        |source| {
            let kind = match source.kind() {
                SourceKind::Ipv4 => "the address",
                SourceKind::Ipv6Prefix => "the IPv6 network",
                SourceKind::Account => "the account",
            };
            format!("{who} is counted as {kind} {source}")
        },
    );
    let pulls = if reading.effective { "; a pull from here is counted so" } else { "" };
    let (severity, id, left) = match &reading.status {
        LimitStatus::Limited(count) => {
            let window =
                count.window.map(|window| format!(" in a window of {window}")).unwrap_or_default();
            (
                Severity::Ok,
                "bucket",
                format!("{} of {} pulls left{window}", count.remaining, count.limit),
            )
        }
        LimitStatus::Exhausted { limit, window } => {
            let limit = limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
            let window =
                window.map(|window| format!(" in a window of {window}")).unwrap_or_default();
            (Severity::Warning, "bucket-empty", format!("no pull is left{limit}{window}"))
        }
        LimitStatus::Unlimited => {
            (Severity::Ok, "bucket", crate::quota::without_count(&reading.image))
        }
        _ => (
            Severity::Warning,
            "bucket-unclear",
            format!("the limit is not understood: {}", reading.warnings.join("; ")),
        ),
    };
    let bucket = finding(severity, id, registry, &format!("{counted}: {left}{over}{pulls}"));
    findings.push(match severity {
        Severity::Ok => bucket,
        _ if id == "bucket-empty" => {
            bucket.advise("log in (an account has its own count), wait for the window to pass, or pull from a mirror")
        }
        _ => bucket.advise("see the headers with dhlimit check -vv, and ask the registry again later"),
    });
    if let Some(source) = &reading.source {
        if reading.identity.is_account() && source.kind().is_address() {
            let evidence = format!(
                "the credentials of {who} were sent, but {source} was counted: they are not being used"
            );
            findings.push(
                finding(Severity::Error, "counted-as-address", registry, &evidence)
                    .advise("log in again with an access token that may read public repositories; until then every pull is the address's"),
            );
        } else if !reading.identity.is_account() && source.kind() == SourceKind::Account {
            let evidence = format!(
                "nothing was sent that says who asks, but the account {source} was counted"
            );
            findings.push(finding(Severity::Warning, "counted-as-account", registry, &evidence).advise(
                "something between here and the registry logs in: a proxy or a pull-through cache; its pulls and yours are one count",
            ));
        }
        if source.kind() == SourceKind::Ipv6Prefix {
            let evidence = format!(
                "{source} is a network of 2^64 addresses with one count: every neighbour in it spends the same pulls"
            );
            findings.push(finding(Severity::Info, "ipv6-shared", registry, &evidence));
        }
    }
    findings
}

/// What a refusal means for whoever asked.
fn of_fault(target: &Target, asked: &Asked, who: &str, fault: &Fault) -> Finding {
    let registry = target.registry();
    let evidence = format!("{who}: {}", fault.message);
    let found = |severity, id| finding(severity, id, registry, &evidence).advise(&fault.advice);
    let decides = if asked.reading.effective { Severity::Error } else { Severity::Warning };
    let is_token_refused = match fault.kind {
        FaultKind::Credentials => asked.proof != Proof::Plain,
        // A registry that does not take a bearer token says no more than that it denies.
        FaultKind::Denied => asked.proof == Proof::RegistryToken,
        _ => false,
    };
    match fault.kind {
        _ if is_token_refused => finding(
            Severity::Error,
            "token-expired",
            registry,
            &format!("{evidence}; a token was sent, which may have ended or been revoked"),
        )
        .advise(super::logins::log_in_again(registry)),
        FaultKind::Credentials => found(Severity::Error, "credentials-refused"),
        FaultKind::LoginLimit => found(Severity::Error, "login-limit"),
        FaultKind::OverallLimit => found(Severity::Warning, "overall-limit"),
        FaultKind::Blocked => found(Severity::Error, "registry-blocked"),
        FaultKind::NotFound | FaultKind::Denied if !target.named => {
            let evidence = format!(
                "{registry} answers {who}; what it counts, if anything, it tells for an image that is there"
            );
            finding(Severity::Ok, "registry-answers", registry, &evidence)
        }
        FaultKind::Denied => found(decides, "access-denied"),
        FaultKind::NotFound => found(Severity::Info, "image-not-found"),
        FaultKind::Tls => {
            Finding::new(Topic::Way, Severity::Error, "tls-trust", registry, &evidence)
                .advise(tls_advice(fault))
        }
        FaultKind::Protocol => found(Severity::Error, "registry-odd"),
        FaultKind::Network | FaultKind::Timeout | FaultKind::Server => {
            found(Severity::Error, "registry-unreachable")
        }
    }
}

/// A certificate that is not yet, or no more, valid is as often a wrong clock's fault.
fn tls_advice(fault: &Fault) -> String {
    let dated = ["expired", "not valid yet", "notvalidyet", "not yet valid"]
        .iter()
        .any(|word| fault.message.to_ascii_lowercase().contains(word));
    if dated {
        return "see whether this machine's clock is right (date -u); if it is, the server's certificate has to be renewed".to_owned();
    }
    fault.advice.clone()
}

/// Whether the two families are two counts.
fn families(registry: &str, reached: &[&Asked]) -> Option<Finding> {
    let address_of = |family: Family| {
        let readings = reached
            .iter()
            .map(|asked| &asked.reading)
            .filter(|reading| reading.family == Some(family));
        let counted = readings.filter_map(|reading| {
            reading.source.as_ref().filter(|source| source.kind().is_address())
        });
        counted.map(ToString::to_string).next()
    };
    let (four, six) = (address_of(Family::Ipv4)?, address_of(Family::Ipv6)?);
    (four != six).then(|| {
        let evidence = format!("{four} over IPv4 and {six} over IPv6 each have a count; which one a pull takes is up to the connection");
        finding(Severity::Info, "families-counted-apart", registry, &evidence)
    })
}

/// Findings that differ by nothing but the family they were seen over are one.
fn merged(findings: Vec<Finding>) -> Vec<Finding> {
    let core =
        |finding: &Finding| finding.evidence.replace(", over IPv4", "").replace(", over IPv6", "");
    let mut kept: Vec<Finding> = Vec::new();
    for mut finding in findings {
        match kept.iter_mut().find(|known| known.id == finding.id && core(known) == core(&finding))
        {
            Some(known) if known.evidence != finding.evidence => known.evidence = core(known),
            Some(_) => {}
            None => {
                finding.evidence = crate::text::one_line(&finding.evidence, 1_000);
                kept.push(finding);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::quota::{Confidence, Count, Identity, Source, Window};

    fn asked(user: Option<&str>, family: Family, source: Option<&str>) -> Asked {
        let identity = user.map_or(Identity::Anonymous, |user| Identity::Account {
            user: Some(user.to_owned()),
            credentials_from: None,
        });
        let status = match source {
            Some(_) => LimitStatus::Limited(Count {
                limit: 100,
                remaining: 76,
                window: Window::from_seconds(3_600),
            }),
            None => LimitStatus::Failed(Fault {
                kind: FaultKind::Network,
                message: "no route".to_owned(),
                advice: "look".to_owned(),
            }),
        };
        let reading = Reading {
            at: DateTime::UNIX_EPOCH,
            image: "nginx".parse().unwrap(),
            identity,
            effective: false,
            family: Some(family),
            status,
            confidence: Confidence::Reported,
            full_by: None,
            source: source.and_then(Source::parse),
            digest: None,
            http_status: source.map(|_| 200),
            retry_after: None,
            elapsed: Duration::ZERO,
            headers: BTreeMap::new(),
            warnings: Vec::new(),
        };
        Asked { reading, date: None, proof: Proof::Plain }
    }

    fn told(asked: &[Asked]) -> Vec<String> {
        let target = &super::super::target::tests::all(&[])[0];
        judge(target, asked)
            .iter()
            .map(|finding| format!("{} {}", finding.id, finding.evidence))
            .collect()
    }

    #[test]
    fn a_missing_family_is_no_fault_and_a_missing_identity_is_one() {
        use Family::{Ipv4, Ipv6};
        let four = "192.0.2.10";
        let bucket = "bucket anonymous is counted as the address 192.0.2.10: 76 of 100 pulls left in a window of 1h, over IPv4";
        assert_eq!(told(&[asked(None, Ipv4, Some(four)), asked(None, Ipv6, None)]), [bucket]);
        let lost = [
            asked(None, Ipv4, Some(four)),
            asked(None, Ipv6, None),
            asked(Some("bob"), Ipv4, None),
            asked(Some("bob"), Ipv6, None),
        ];
        assert_eq!(told(&lost), [bucket, "registry-unreachable bob: no route"]);
        assert_eq!(
            told(&[
                asked(None, Ipv4, None),
                asked(None, Ipv6, None),
                asked(Some("bob"), Ipv4, None)
            ]),
            ["registry-unreachable no route"]
        );
    }

    #[test]
    fn an_account_is_one_count_over_both_families_and_an_address_is_two() {
        use Family::{Ipv4, Ipv6};
        let account =
            [asked(Some("bob"), Ipv4, Some("bob")), asked(Some("bob"), Ipv6, Some("bob"))];
        assert_eq!(
            told(&account),
            ["bucket bob is counted as the account bob: 76 of 100 pulls left in a window of 1h"]
        );
        let ids = |asked: &[Asked]| {
            told(asked)
                .iter()
                .map(|line| line.split(' ').next().unwrap().to_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let nobody =
            [asked(None, Ipv4, Some("192.0.2.10")), asked(None, Ipv6, Some("2001:db8:1:2::"))];
        assert_eq!(ids(&nobody), "bucket bucket ipv6-shared families-counted-apart");
        assert_eq!(
            ids(&[asked(Some("bob"), Ipv4, Some("192.0.2.10"))]),
            "bucket counted-as-address"
        );
        assert_eq!(ids(&[asked(None, Ipv4, Some("somebody"))]), "bucket counted-as-account");
    }
}

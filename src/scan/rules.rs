//! What is worth a word about a reference: rules with stable ids, each with its severity, a suppression
//! on the line or an allowed image with its reason.

use std::collections::BTreeMap;

use super::assemble;
use super::suppression::{self, Suppression};
use super::value::{ImageUse, Level, Pinned, Puller, Purpose, Violation, Waived, Waiver};
use crate::image::hub;

/// A rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its id.
    pub id: &'static str,
    /// What it finds, in a sentence.
    pub summary: &'static str,
    /// How bad that is, unless the user says otherwise.
    pub level: Option<Level>,
    applies: fn(&ImageUse) -> Option<String>,
    advice: &'static str,
}

/// All rules.
#[derive(Debug, Clone, Copy)]
pub struct Rules;

impl Rules {
    /// All rules, in the order of their ids.
    pub fn all() -> &'static [Rule] {
        RULES
    }

    /// The rule of an id.
    pub fn find(id: &str) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.id == id)
    }
}

/// What the user decided about rules.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    /// Levels by id; `None` for a rule that is off.
    levels: BTreeMap<&'static str, Option<Level>>,
    /// Images that no rule is about.
    allowed: Vec<Allowed>,
}

/// An image, or all that begin so, of which no rule says anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// The image in full form; `*` at its end for all that begin so.
    pub image: String,
    /// Why.
    pub reason: String,
}

/// What is wrong with `--rule`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Not `ID=LEVEL`.
    #[error("--rule {0}: it is ID=off, ID=info, ID=warning or ID=error")]
    Form(String),
    /// Not `IMAGE=REASON`.
    #[error(
        "--allow {0}: it is IMAGE=REASON, or with a * at the end, such as docker.io/acme/*=ours"
    )]
    Allowed(String),
    /// No rule of that id.
    #[error("{0}: no such rule; the rules are {list}", list = ids())]
    Unknown(String),
}

fn ids() -> String {
    RULES.iter().map(|rule| rule.id).collect::<Vec<_>>().join(", ")
}

impl RuleSet {
    /// Rules as `--rule ID=LEVEL` says, and images that are allowed.
    pub fn new(rules: &[String], allowed: Vec<Allowed>) -> Result<Self, RuleError> {
        let mut levels = BTreeMap::new();
        for text in rules {
            let form = || RuleError::Form(text.clone());
            let (id, level) = text.split_once('=').ok_or_else(form)?;
            let level = match level {
                "off" => None,
                level => Some(Level::of_name(level).ok_or_else(form)?),
            };
            let rule = Rules::find(id).ok_or_else(|| RuleError::Unknown(id.to_owned()))?;
            levels.insert(rule.id, level);
        }
        Ok(Self { levels, allowed })
    }

    fn level(&self, rule: &Rule) -> Option<Level> {
        self.levels.get(rule.id).copied().unwrap_or(rule.level)
    }

    /// Why a reference is allowed, where it is.
    fn allows(&self, one: &ImageUse) -> Option<&Allowed> {
        let image = one.image.as_deref()?;
        self.allowed.iter().find(|allowed| match allowed.image.strip_suffix('*') {
            Some(stem) => image.starts_with(stem),
            None => image == allowed.image,
        })
    }
}

impl std::str::FromStr for Allowed {
    type Err = RuleError;

    /// `IMAGE=REASON`: an image as people write it, or the beginning of full forms and a `*`.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        let form = || RuleError::Allowed(text.to_owned());
        let (image, reason) = text.split_once('=').ok_or_else(form)?;
        let (image, reason) = (image.trim(), reason.trim());
        if image.is_empty() || image == "*" || reason.is_empty() {
            return Err(form());
        }
        let image = match image.strip_suffix('*') {
            Some(_) => image.to_owned(),
            None => assemble::canonical(&image.parse().map_err(|_| form())?),
        };
        Ok(Self { image, reason: reason.to_owned() })
    }
}

/// What the rules say of the references, and what a comment or the allow-list answers.
pub(super) fn judge(
    references: &[ImageUse],
    suppressions: &BTreeMap<String, Vec<Suppression>>,
    rules: &RuleSet,
) -> (Vec<Violation>, Vec<Waived>) {
    let (mut found, mut answered) = (Vec::new(), Vec::new());
    for one in references {
        let here = suppressions.get(&one.path).map_or(&[][..], Vec::as_slice);
        let allowed = rules.allows(one);
        for rule in RULES {
            let Some(severity) = rules.level(rule) else { continue };
            let Some(message) = (rule.applies)(one) else { continue };
            let finding = Violation {
                rule: rule.id,
                severity,
                path: one.path.clone(),
                line: one.line,
                column: one.column,
                message,
                advice: rule.advice.to_owned(),
            };
            let comment = suppression::covering(here, rule.id, one.line);
            let waiver = comment
                .map(|comment| (Waiver::Comment, comment.reason.clone()))
                .or_else(|| allowed.map(|allowed| (Waiver::AllowList, allowed.reason.clone())));
            match waiver {
                Some((by, reason)) => answered.push(Waived { finding, by, reason }),
                None => found.push(finding),
            }
        }
    }
    (found, answered)
}

/// Whether a reference is one that is pulled from Docker Hub.
fn is_pulled(one: &ImageUse) -> bool {
    one.docker_hub && one.pulls > 0 && one.certain && one.purpose != Purpose::Product
}

static RULES: &[Rule] = &[
    Rule {
        id: "hub-alias-without-credentials",
        summary: "an image of Docker Hub under a host name for which the usual login is not used",
        level: Some(Level::Warning),
        applies: |one| {
            let host = one.reference.as_deref()?.split_once('/')?.0;
            (is_pulled(one) && hub::is_registry(host) && !hub::is_name(host)).then(|| {
                format!("{host} counts on Docker Hub, but the login for Docker Hub is not used for that name")
            })
        },
        advice: "leave the host out: the short name means Docker Hub, and the login is used",
    },
    Rule {
        id: "hub-anonymous",
        summary: "an image of Docker Hub that is pulled without a login at that point",
        level: Some(Level::Warning),
        applies: |one| {
            (is_pulled(one) && one.identity == Puller::Anonymous).then(|| {
                format!(
                    "{} is pulled from Docker Hub before any login: it is counted on the address",
                    shown(one)
                )
            })
        },
        advice: "give credentials where the image is named, or pull it through a mirror",
    },
    Rule {
        id: "hub-floating",
        summary: "an image of Docker Hub whose tag moves",
        level: Some(Level::Info),
        applies: |one| {
            (is_pulled(one) && one.pinned == Some(Pinned::Floating))
                .then(|| format!("{} is pulled again whenever its tag moves", shown(one)))
        },
        advice: "name a version, or a digest",
    },
    Rule {
        id: "hub-reference",
        summary: "an image of Docker Hub",
        level: None,
        applies: |one| is_pulled(one).then(|| format!("{} comes from Docker Hub", shown(one))),
        advice: "pull it through a mirror: dhlimit mirror rewrite",
    },
    Rule {
        id: "invalid-reference",
        summary: "a text in the place of an image that is none",
        level: Some(Level::Info),
        applies: |one| {
            let text = one.reference.as_deref()?;
            one.image.is_none().then(|| format!("{text:?} is no image in a registry"))
        },
        advice: "names are lower case: [HOST[:PORT]/]PATH[:TAG][@DIGEST]",
    },
    Rule {
        id: "unresolved-variable",
        summary: "a reference with a variable that has no value in these files",
        level: Some(Level::Info),
        applies: |one| {
            (!one.unresolved.is_empty()).then(|| {
                format!("no value is known for {} in {}", one.unresolved.join(", "), one.written)
            })
        },
        advice: "give it by --arg NAME=VALUE or --env-file FILE",
    },
];

/// A reference as people write it.
fn shown(one: &ImageUse) -> &str {
    one.reference.as_deref().unwrap_or(&one.written)
}

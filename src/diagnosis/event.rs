//! Kubernetes' objects as `kubectl … -o json|yaml` prints them, on one line or on many: what an event
//! or a pod says of when, how often and where. The message itself is judged line by line as all text
//! is; an object that goes over many lines is gathered beside it, and what it says is given to the
//! findings in it when it has ended.

use std::collections::BTreeMap;

use serde_json::Value;

use super::moment;
use super::occurrence::{Occurrence, named};

/// The most bytes of one object that are gathered.
const OBJECT_MAX: usize = 256 * 1024;

/// What a whole JSON object says, where it is an event's or a pod's.
pub(super) fn of_object(text: &str) -> Option<Occurrence> {
    let text = text.trim().trim_end_matches(',');
    if !text.starts_with('{') || !is_kubernetes(text) {
        return None;
    }
    let object: Value = serde_json::from_str(text).ok()?;
    of_members(&|path| {
        let value = path.iter().try_fold(&object, |value, name| value.get(*name))?;
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    })
}

fn is_kubernetes(text: &str) -> bool {
    ["\"involvedObject\"", "\"regarding\"", "\"containerStatuses\""]
        .iter()
        .any(|name| text.contains(name))
}

/// What the members of an object say: `member` gives the value at a path.
fn of_members(member: &dyn Fn(&[&str]) -> Option<String>) -> Option<Occurrence> {
    let first = |paths: &[&[&str]]| {
        paths.iter().find_map(|path| member(path).filter(|value| !value.is_empty()))
    };
    let time = |paths: &[&[&str]]| {
        paths.iter().find_map(|path| member(path).and_then(|text| moment::value(&text)))
    };
    let subject = ["involvedObject", "regarding"]
        .into_iter()
        .find(|subject| member(&[subject, "name"]).is_some());
    let Some(subject) = subject else {
        let node = member(&["spec", "nodeName"]);
        let pod = member(&["metadata", "name"])
            .filter(|_| node.is_some() || member(&["kind"]).as_deref() == Some("Pod"))?;
        return Some(Occurrence {
            pod: named(&pod),
            namespace: member(&["metadata", "namespace"]).as_deref().and_then(named),
            node: node.as_deref().and_then(named),
            ..Occurrence::default()
        });
    };
    let name = member(&[subject, "name"]).as_deref().and_then(named);
    let kind = member(&[subject, "kind"]);
    let is_node = kind.as_deref() == Some("Node");
    let is_pod = kind.as_deref().is_none_or(|kind| kind == "Pod");
    let reporter =
        first(&[&["source", "host"], &["deprecatedSource", "host"], &["reportingInstance"]])
            .filter(|_| is_pod)
            .as_deref()
            .and_then(named);
    let first_at = time(&[
        &["firstTimestamp"],
        &["deprecatedFirstTimestamp"],
        &["eventTime"],
        &["metadata", "creationTimestamp"],
    ]);
    let last_at = time(&[
        &["lastTimestamp"],
        &["series", "lastObservedTime"],
        &["deprecatedLastTimestamp"],
        &["eventTime"],
    ]);
    let count = first(&[&["count"], &["series", "count"], &["deprecatedCount"]]);
    Some(Occurrence {
        last_at: last_at.or_else(|| first_at.clone()),
        first_at,
        count: count.and_then(|count| count.parse().ok()).filter(|count| *count > 0).unwrap_or(1),
        namespace: first(&[&[subject, "namespace"], &["metadata", "namespace"]])
            .as_deref()
            .and_then(named),
        node: if is_node { name.clone() } else { reporter },
        pod: name.filter(|_| is_pod),
    })
}

/// The objects of a JSON text by their places, an inner one before the one that it stands in.
#[derive(Debug, Default)]
pub(super) struct Spans(Vec<(usize, usize)>);

impl Spans {
    /// Finds the whole objects of a text, which may be cut at both ends.
    pub(super) fn of(text: &str) -> Self {
        let (mut open, mut spans) = (Vec::new(), Vec::new());
        let (mut is_string, mut is_escaped) = (false, false);
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_string => is_escaped = true,
                b'"' => is_string = !is_string,
                b'{' if !is_string => open.push(at),
                b'}' if !is_string => spans.extend(open.pop().map(|from| (from, at + 1))),
                _ => {}
            }
        }
        Self(spans)
    }

    /// The object that says most of the message at a place: an event or a pod around it, else the
    /// innermost one. Of a text of one object, that is the text.
    pub(super) fn around<'a>(&self, text: &'a str, at: usize) -> Option<&'a str> {
        let mut around = self
            .0
            .iter()
            .filter(|(from, to)| *from < at && at < *to)
            .filter_map(|(from, to)| text.get(*from..*to));
        let first = around.clone().next();
        around.find(|object| of_object(object).is_some()).or(first)
    }
}

/// An object over many lines, gathered as it goes by.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The indent and the form of the object that is open.
    open: Option<(usize, Form)>,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Yaml,
}

/// What a line does to the object that is being gathered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It belongs to none, or to one that goes on.
    None,
    /// One begins with it; what was open before has ended and says this.
    Begins(Option<Occurrence>),
    /// One ends with it, and says this.
    Ends(Option<Occurrence>),
}

impl Gathered {
    /// Whether an object is open.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes the next line.
    pub(super) fn take(&mut self, raw: &[u8]) -> Step {
        let trimmed = raw.trim_ascii();
        if self.open.is_none() && !begins(trimmed) {
            return Step::None;
        }
        let indent = raw.len() - raw.trim_ascii_start().len();
        if begins(trimmed) && self.open.is_none_or(|(at, form)| form == Form::Yaml && indent <= at)
        {
            let ended = self.end();
            let form = if trimmed == b"{" { Form::Json } else { Form::Yaml };
            self.open = Some((indent, form));
            self.push(raw);
            return Step::Begins(ended);
        }
        // The list's items are its objects, not the list.
        if trimmed.ends_with(b"\"items\": [") || trimmed == b"items:" {
            self.open = None;
            self.text.clear();
            return Step::None;
        }
        self.push(raw);
        match self.open {
            Some((at, Form::Json)) if trimmed.starts_with(b"}") && indent == at => {
                Step::Ends(self.end())
            }
            _ => Step::None,
        }
    }

    fn push(&mut self, raw: &[u8]) {
        if self.text.len() + raw.len() > OBJECT_MAX {
            self.open = None;
            self.text.clear();
        } else if self.open.is_some() {
            self.text.push_str(&String::from_utf8_lossy(raw));
            self.text.push('\n');
        }
    }

    /// The end of the input: what is open has ended.
    pub(super) fn end(&mut self) -> Option<Occurrence> {
        let (_, form) = self.open.take()?;
        let text = std::mem::take(&mut self.text);
        match form {
            Form::Json => of_object(&text),
            Form::Yaml => of_yaml(&text),
        }
    }
}

/// Whether a trimmed line begins an object: a lone brace, or a document or an item of YAML.
fn begins(trimmed: &[u8]) -> bool {
    trimmed == b"{" || trimmed.starts_with(b"- apiVersion:") || trimmed.starts_with(b"apiVersion:")
}

/// The scalars of a YAML object as kubectl writes it, by their paths; lists are passed by.
fn of_yaml(text: &str) -> Option<Occurrence> {
    let mut members: BTreeMap<String, String> = BTreeMap::new();
    let mut path: Vec<(usize, &str)> = Vec::new();
    for line in text.lines() {
        let content = line.trim_start_matches([' ', '-']);
        let indent = line.len() - content.len();
        let Some((name, value)) = content.split_once(':') else { continue };
        while path.last().is_some_and(|(at, _)| *at >= indent) {
            path.pop();
        }
        let value = value.trim().trim_matches(['"', '\'']);
        if value.is_empty() {
            path.push((indent, name));
        } else {
            let names = path.iter().map(|(_, name)| *name).chain([name]);
            members.entry(names.collect::<Vec<_>>().join("/")).or_insert_with(|| value.to_owned());
        }
    }
    of_members(&|path| members.get(&path.join("/")).filter(|value| *value != "null").cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EVENT: &str = r#"{"apiVersion":"v1","count":7,"eventTime":null,"firstTimestamp":"2026-11-22T09:00:00Z","involvedObject":{"kind":"Pod","name":"web-0","namespace":"shop"},"lastTimestamp":"2026-11-22T09:15:00Z","message":"no {","reportingInstance":"","source":{"component":"kubelet","host":"worker-2"}}"#;

    fn expected() -> Occurrence {
        Occurrence {
            first_at: Some("2026-11-22T09:00:00Z".to_owned()),
            last_at: Some("2026-11-22T09:15:00Z".to_owned()),
            count: 7,
            pod: Some("web-0".to_owned()),
            namespace: Some("shop".to_owned()),
            node: Some("worker-2".to_owned()),
        }
    }

    /// What each object of a text of many lines says.
    fn gathered(text: &str) -> Vec<Occurrence> {
        let mut gathered = Gathered::default();
        let mut said: Vec<Occurrence> = text
            .lines()
            .filter_map(|line| match gathered.take(line.as_bytes()) {
                Step::Begins(said) | Step::Ends(said) => said,
                Step::None => None,
            })
            .collect();
        said.extend(gathered.end());
        said
    }

    #[test]
    fn an_event_says_when_how_often_and_where_on_one_line_and_on_many() {
        assert_eq!(of_object(EVENT), Some(expected()));
        let event: Value = serde_json::from_str(EVENT).unwrap();
        let list = serde_json::json!({"apiVersion":"v1","items":[event, event],"kind":"List"});
        assert_eq!(
            gathered(&serde_json::to_string_pretty(&list).unwrap()),
            [expected(), expected()]
        );
        assert_eq!(gathered(&serde_json::to_string_pretty(&event).unwrap()), [expected()]);
        let line = list.to_string();
        let spans = Spans::of(&line);
        let at = line.rfind("no {").unwrap();
        assert_eq!(spans.around(&line, at).and_then(of_object), Some(expected()));
    }

    #[test]
    fn yaml_says_the_same() {
        let event = "- apiVersion: v1\n  count: 7\n  eventTime: null\n  firstTimestamp: \"2026-11-22T09:00:00Z\"\n  involvedObject:\n    kind: Pod\n    name: web-0\n    namespace: shop\n  lastTimestamp: \"2026-11-22T09:15:00Z\"\n  message: 'no: {'\n  reportingInstance: \"\"\n  source:\n    component: kubelet\n    host: worker-2\n";
        let list = format!("apiVersion: v1\nitems:\n{event}{event}kind: List\n");
        assert_eq!(gathered(&list), [expected(), expected()]);
    }

    #[test]
    fn a_pod_says_where_it_is_and_other_objects_say_nothing() {
        let pod = r#"{"kind":"Pod","metadata":{"name":"web-0","namespace":"shop"},"spec":{"nodeName":"worker-2"},"status":{"containerStatuses":[{"state":{"waiting":{"message":"no"}}}]}}"#;
        let said = of_object(pod).unwrap();
        assert_eq!(
            (said.pod.as_deref(), said.node.as_deref(), said.first_at),
            (Some("web-0"), Some("worker-2"), None)
        );
        let spans = Spans::of(pod);
        let around = spans.around(pod, pod.find("\"no\"").unwrap());
        assert_eq!(around.and_then(of_object).and_then(|said| said.pod).as_deref(), Some("web-0"));
        assert_eq!(of_object(r#"{"a":{"involvedObject":"x"}}"#), None);
    }

    #[test]
    fn an_object_without_end_is_let_go() {
        let mut gathered = Gathered::default();
        gathered.take(b"{");
        for _ in 0..10_000 {
            gathered.take(&[b'x'; 100]);
        }
        assert!(!gathered.is_open() && gathered.text.is_empty());
    }

    proptest! {
        #[test]
        fn objects_are_read_without_a_panic(text in any::<String>(), marks in "([{}\\[\\]\"\\\\:,\n ]|- apiVersion: v1\n|items:|name|involvedObject){0,40}") {
            for raw in [&text, &marks] {
                let spans = Spans::of(raw);
                let _ = (spans.around(raw, 3).map(of_object), gathered(raw));
            }
        }
    }
}

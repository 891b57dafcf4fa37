//! Reports of recordings that mean harm: every form stays what it is, and says nothing that was not
//! meant to be said.

use std::fs;
use std::path::PathBuf;

use roxmltree::{Document, ParsingOptions};
use serde_json::{Value, json};

use crate::harness::Home;

/// What somebody might put where a name is expected.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "]]><!--",
    "--><svg onload=alert(1)>",
    "\"' onmouseover='alert(1)\" x=\"",
    "</title></style></desc><script src=//evil.example>",
    "&amp;&lt;&#x3c;&notanentity;&#0;",
    "a\u{0}b\u{1}c\u{7f}d\u{85}e\u{fffe}f\u{ffff}",
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m",
    "line\r\nline\u{2028}line\u{2029}line\ttab",
    "\u{202e}gnp.exe\u{202c}\u{2066}x\u{2069}\u{61c}\u{200f}\u{feff}",
    "{remaining}%s$(id)`id`${HOME}<?xml version='1.0'?><!DOCTYPE x>",
    "𝒞𐍈日本\u{301}\u{301}\u{301}\u{10ffff}",
];

/// A sample of a second, with foreign words wherever a sample has words.
fn sample(second: usize, words: &str) -> Value {
    let left = 100 - second % 101;
    json!({
        "schema": "dhlimit/sample/1", "at": format!("2026-11-22T09:{:02}:{:02}Z", second / 60 % 60, second % 60),
        "registry": format!("registry.example{words}"), "image": words,
        "identity": {"kind": "account", "user": words, "credentials_from": words}, "effective": true, "family": "ipv4",
        "state": if left > 0 { "limited" } else { "exhausted" }, "confidence": "reported", "limit": 100, "remaining": left,
        "used": 100 - left, "window_seconds": 3600, "full_by": null, "source": format!("192.0.2.10{words}"),
        "source_kind": "ipv4", "http_status": if left > 0 { 200 } else { 429 }, "retry_after_seconds": null, "elapsed_ms": second,
        "headers": {words: words}, "warnings": [words], "error": null, "burn_per_hour": null, "empty_at": null,
    })
}

/// The same line where the reading had failed.
pub(crate) fn failed(line: &str) -> String {
    let mut sample: Value = serde_json::from_str(line).expect("a sample");
    for key in
        ["limit", "remaining", "used", "window_seconds", "source", "source_kind", "http_status"]
    {
        sample[key] = Value::Null;
    }
    sample["state"] = json!("failed");
    sample["error"] =
        json!({"kind": "network", "message": "cannot connect", "advice": "look at the network"});
    sample.to_string() + "\n"
}

/// A recording of every hostile word, in a file whose name is one, too.
fn recorded(home: &Home) -> PathBuf {
    let lines = (0..HOSTILE.len() * 40)
        .map(|number| sample(number, HOSTILE[number % HOSTILE.len()]).to_string() + "\n");
    home.write("<b>&\"'\u{202e}.jsonl", &lines.collect::<String>())
}

fn report(home: &Home, format: &str) -> String {
    let path = recorded(home);
    let outcome = home
        .dhlimit([
            "report".as_ref(),
            path.as_os_str(),
            path.as_os_str(),
            "-o".as_ref(),
            format.as_ref(),
        ])
        .run();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    outcome.stdout
}

/// What no reader may ever be shown: it moves, hides or turns what stands around it.
fn steers(character: char) -> bool {
    (character.is_control() && character != '\n')
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[track_caller]
pub(crate) fn well_formed(text: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// Elements and attributes that a report is made of; any other came from somebody else.
#[track_caller]
pub(crate) fn only_ours(document: &Document<'_>) {
    const ELEMENTS: [&str; 31] = [
        "html", "head", "meta", "title", "link", "style", "body", "main", "footer", "h1", "h2",
        "p", "figure", "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "span",
        "svg", "desc", "rect", "path", "circle", "text", "tspan", "strong", "code",
    ];
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(
            ELEMENTS.contains(&node.tag_name().name()),
            "<{}> is not ours",
            node.tag_name().name()
        );
        for attribute in node.attributes() {
            let (name, value) = (attribute.name(), attribute.value());
            assert!(!name.starts_with("on"), "{name}={value:?} would run something");
            assert!(
                !["src", "href", "action"].contains(&name) || value == "data:,",
                "{name}={value:?} points elsewhere"
            );
        }
    }
    assert!(
        !document.descendants().any(|node| node.is_comment() || node.is_pi()),
        "a comment that is not ours"
    );
}

#[test]
fn a_drawing_of_hostile_names_is_well_formed_and_all_ours() {
    let svg = report(&Home::new(), "svg");
    let document = well_formed(&svg);
    only_ours(&document);
    assert!(!svg.chars().any(steers), "a character that steers");
    let root = document.root_element();
    assert_eq!(
        (root.tag_name().name(), root.tag_name().namespace()),
        ("svg", Some("http://www.w3.org/2000/svg"))
    );
    // The words are there, as words.
    let texts: String = root.descendants().filter_map(|node| node.text()).collect();
    assert!(
        texts.contains("<script>alert(1)</script>")
            && texts.contains("]]><!--")
            && texts.contains("&notanentity;"),
        "{texts}"
    );
    assert_eq!(root.attribute("role"), Some("img"));
    for id in root.attribute("aria-labelledby").expect("a label").split(' ') {
        let named =
            root.descendants().filter(|node| node.attribute("id") == Some(id)).collect::<Vec<_>>();
        assert!(
            matches!(named.as_slice(), [one] if one.text().is_some_and(|text| text.len() > 10)),
            "{id}: {named:?}"
        );
    }
}

#[test]
fn a_page_of_hostile_names_is_well_formed_and_all_ours() {
    let html = report(&Home::new(), "html");
    let document = well_formed(&html);
    only_ours(&document);
    assert!(!html.chars().any(steers), "a character that steers");
    let tables: Vec<_> = document.descendants().filter(|node| node.has_tag_name("table")).collect();
    assert_eq!(tables.len(), 2);
    for table in tables {
        // What scrolls can be scrolled with the keyboard, and has a name.
        let region = table.parent().expect("a region");
        assert!(
            region.attribute("tabindex") == Some("0") && region.attribute("aria-label").is_some(),
            "{region:?}"
        );
        assert!(
            table.children().any(|node| node.has_tag_name("caption")),
            "a table without a caption"
        );
        let columns =
            table.descendants().filter(|node| node.attribute("scope") == Some("col")).count();
        for row in table
            .descendants()
            .filter(|node| node.has_tag_name("tbody"))
            .flat_map(|body| body.children())
        {
            assert_eq!(
                row.children().filter(roxmltree::Node::is_element).count(),
                columns,
                "a cell without a head"
            );
        }
    }
}

#[test]
fn a_table_of_hostile_names_says_nothing_to_the_terminal() {
    let text = report(&Home::new(), "table");
    assert!(!text.chars().any(steers), "{text:?}");
    assert!(
        text.contains("<script>alert(1)</script>"),
        "text is no place to escape for others: {text}"
    );
}

#[test]
fn nothing_read_and_nothing_counted_are_pages_and_drawings_too() {
    let home = Home::new();
    let empty = home.write("empty.jsonl", "");
    let none = home.write("failed.jsonl", &failed(&sample(1, "x").to_string()));
    for path in [empty, none] {
        for format in ["svg", "html"] {
            let outcome = home
                .dhlimit(["report".as_ref(), path.as_os_str(), "-o".as_ref(), format.as_ref()])
                .run();
            assert_eq!(outcome.code, Some(0), "{outcome:?}");
            only_ours(&well_formed(&outcome.stdout));
        }
    }
}

#[test]
fn an_older_report_stays_until_the_new_one_is_whole() {
    let home = Home::new();
    let (target, broken) =
        (home.write("report.html", "old"), home.write("broken.jsonl", "no sample\n"));
    let args = ["report".as_ref(), broken.as_os_str(), "--out".as_ref(), target.as_os_str()];
    assert_eq!(home.dhlimit(args).run().code, Some(2));
    assert_eq!(fs::read_to_string(&target).expect("the old report"), "old");
    let whole = recorded(&home);
    let args = ["report".as_ref(), whole.as_os_str(), "--out".as_ref(), target.as_os_str()];
    assert_eq!(home.dhlimit(args).run().code, Some(0));
    well_formed(&fs::read_to_string(&target).expect("the new report"));
}

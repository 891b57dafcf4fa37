//! A page that asks nobody for anything: no font, no picture from elsewhere, no script but one that renews
//! what a server shows, and a policy in its head that forbids all others. Readable in print, light and dark,
//! and by ear. Well-formed as XML, too, so that any reader may check it.

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::svg::STYLE;

const PAGE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--grid:#d8dee4;--paper:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9da7b3;--grid:#30363d;--paper:#0d1117}}\
@media print{:root{color-scheme:light;--ink:#000;--dim:#333;--grid:#bbb;--paper:#fff}}\
*{box-sizing:border-box}body{margin:0 auto;padding:2rem 1rem 3rem;max-width:64rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}\
h1{font-size:1.6rem;line-height:1.2;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}p{margin:.35rem 0 1.25rem;color:var(--dim)}.lead{color:var(--ink);font-weight:600}\
figure{margin:0}svg{display:block;width:100%;height:auto}.narrow{display:none}\
.w{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}\
caption{text-align:left;max-width:calc(100vw - 2rem);color:var(--dim);padding-bottom:.4rem}th,td{padding:.35rem .75rem .35rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid)}\
thead th{white-space:nowrap;font-weight:600;color:var(--dim)}tbody th{font-weight:500;overflow-wrap:anywhere;min-width:11rem}.r{text-align:right}.t{white-space:nowrap}\
footer{margin-top:2rem;font-size:.85rem;color:var(--dim)}\
@media screen and (max-width:40rem){.wide{display:none}.narrow{display:block}.rows thead{display:none}.rows tr{display:block;padding:.4rem 0;border-bottom:1px solid var(--grid)}\
.rows th,.rows td{display:block;padding:.1rem 0;border:0;text-align:right;white-space:normal}.rows td::after{content:'';display:block;clear:both}.rows tbody th{text-align:left}.rows td:empty{display:none}\
.rows td::before{content:attr(data-l);color:var(--dim);float:left;margin-right:1rem}.many{font-size:.78rem}.many thead th{white-space:normal}.many th,.many td{padding-right:.4rem}.many .d{display:none}}\
@media print{body{padding:0;max-width:none;font-size:10pt}figure,tr{break-inside:avoid}h2{break-after:avoid}figure,.w{overflow:visible}table{font-size:8.5pt}th,td{padding:.12rem .4rem .12rem 0;line-height:1.35}thead th{white-space:normal}tbody th{min-width:0}thead{display:table-header-group}}";

/// How a table fits a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Each row is a card, whose cells have the names of their columns.
    Cards,
    /// A table of numbers stays one, in smaller letters.
    Small,
}

/// A table of a page below a heading of the same name.
pub fn section(title: &str, caption: &str, heads: &[(&str, bool)], rows: &str, fit: Fit) -> String {
    format!("<h2>{title}</h2>{}", table(title, caption, heads, rows, fit))
}

/// A table of a page. `heads` are the names of its columns, and whether each holds numbers; `rows` is HTML, a
/// cell for each column.
pub fn table(title: &str, caption: &str, heads: &[(&str, bool)], rows: &str, fit: Fit) -> String {
    let mut head = String::new();
    for (name, right) in heads {
        let class = if *right { " class=\"r\"" } else { "" };
        head.push_str(&format!("<th scope=\"col\"{class}>{name}</th>"));
    }
    let (class, rows) = match fit {
        Fit::Cards => ("rows", labelled(heads, rows)),
        Fit::Small => ("many", rows.to_owned()),
    };
    format!(
        "<div class=\"w\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\"><table class=\"{class}\"><caption>{caption}</caption>\
<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

/// Rows whose cells carry the names of their columns, which a phone shows beside them.
fn labelled(heads: &[(&str, bool)], rows: &str) -> String {
    let mut text = String::new();
    for row in rows.split_inclusive("</tr>") {
        let cells = row.matches("<th").count();
        let mut parts = row.split("<td");
        text.push_str(parts.next().unwrap_or_default());
        for (part, (name, _)) in parts.zip(heads.iter().skip(cells)) {
            text.push_str(&format!("<td data-l=\"{name}\"{part}"));
        }
    }
    text
}

/// What a page may load: nothing but what stands in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// A whole HTML document; `body` and `footer` are HTML.
pub fn page(title: &str, body: &str, footer: &str) -> String {
    document(title, body, footer, None)
}

/// The same, which a script renews as things happen, and the browser itself where it runs none.
pub fn renewed_page(title: &str, body: &str, footer: &str, script: &str) -> String {
    document(title, body, footer, Some(script))
}

/// What a page may load that has a script: that alone runs, and asks its own server.
pub fn policy_with(script: &str) -> String {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script));
    format!("{POLICY}; script-src 'sha256-{hash}'; connect-src 'self'")
}

fn document(title: &str, body: &str, footer: &str, script: Option<&str>) -> String {
    let title = super::escape(title);
    let policy = script.map_or_else(|| POLICY.to_owned(), policy_with);
    let renewed =
        script.map_or("", |_| "<noscript><meta http-equiv=\"refresh\" content=\"15\"/></noscript>");
    let script = script.map(|script| format!("<script>{script}</script>")).unwrap_or_default();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>{title}</title>\
<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"/>{renewed}\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/><link rel=\"icon\" href=\"data:,\"/>\
<style>{PAGE}{STYLE}</style></head>\n<body><main><h1>{title}</h1>{body}</main>\
<footer>Made by dhlimit {}. {footer}</footer>{script}</body></html>\n",
        env!("CARGO_PKG_VERSION")
    )
}

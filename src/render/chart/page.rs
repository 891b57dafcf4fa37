//! A page that asks nobody for anything: no script, no font, no picture from elsewhere, and a policy in its
//! head that forbids them. Readable in print, light and dark, and by ear. Well-formed as XML, too, so that
//! any reader may check it.

use super::svg::STYLE;

const PAGE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--grid:#d8dee4;--paper:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9da7b3;--grid:#30363d;--paper:#0d1117}}\
@media print{:root{color-scheme:light;--ink:#000;--dim:#333;--grid:#bbb;--paper:#fff}}\
*{box-sizing:border-box}body{margin:0 auto;padding:2rem 1rem 3rem;max-width:64rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}\
h1{font-size:1.6rem;line-height:1.2;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}p{margin:.35rem 0 1.25rem;color:var(--dim)}\
figure{margin:0;overflow-x:auto}svg{display:block;width:100%;min-width:36rem;height:auto}\
.w{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}\
caption{text-align:left;max-width:calc(100vw - 2rem);color:var(--dim);padding-bottom:.4rem}th,td{padding:.35rem .75rem .35rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--grid)}\
thead th{white-space:nowrap;font-weight:600;color:var(--dim)}tbody th{font-weight:500;overflow-wrap:anywhere;min-width:11rem}.r{text-align:right}.t{white-space:nowrap}\
footer{margin-top:2rem;font-size:.85rem;color:var(--dim)}\
@media print{body{padding:0;max-width:none;font-size:10pt}figure,tr{break-inside:avoid}h2{break-after:avoid}figure,.w{overflow:visible}svg{min-width:0}table{font-size:8.5pt}th,td{padding:.12rem .4rem .12rem 0;line-height:1.35}thead th{white-space:normal}tbody th{min-width:0}thead{display:table-header-group}}";

/// A whole HTML document; `body` and `footer` are HTML.
pub fn page(title: &str, body: &str, footer: &str) -> String {
    let title = super::escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><title>{title}</title>\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"/>\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/><link rel=\"icon\" href=\"data:,\"/>\
<style>{PAGE}{STYLE}</style></head>\n<body><main><h1>{title}</h1>{body}</main>\
<footer>Made by dhlimit {}. {footer}</footer></body></html>\n",
        env!("CARGO_PKG_VERSION")
    )
}

//! Secrets with a grammar of their own, beside tokens and named values: one row each, with texts whose
//! secret goes (`SECRET` stands for it) and neighbours that stay as they are.

use std::ops::Range;

use super::{NEAR, Place, addresses, commands, headers, near};

/// One shape.
#[derive(Debug)]
pub(super) struct Shape {
    /// Where it may stand.
    pub(super) anchors: &'static [&'static str],
    pub(super) look: fn(Place<'_>) -> Option<Range<usize>>,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) goes: &'static [&'static str],
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) stays: &'static [&'static str],
}

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        anchors: &["limit as "],
        look: commands::account,
        goes: &[
            "pull rate limit as 'SECRET': x",
            "message: 'pull rate limit as ''SECRET'': x'",
            "pull rate limit as \"SECRET\": x",
            "{\"m\":\"pull rate limit as \\\"SECRET\\\": x\"}",
            "pull rate limit as ’SECRET’: x",
            "pull rate limit as &#39;SECRET&#39;: x",
            "pull rate limit as \\u0027SECRET\\u0027: x",
        ],
        stays: &["the same limit as before", "limit as of 2026-11-26"],
    },
    Shape {
        anchors: &["://"],
        look: addresses::userinfo,
        goes: &[
            "http://jo:SECRET@127.0.0.1:5000/v2/",
            "https://SECRET@r.example/x",
            "https://jo:a/SECRET@r.example/v2/",
            "https://jo:a?SECRET@r.example/v2/",
            "https://jo:a'SECRET@r.example/v2/",
            "https://jo:a#SECRET@r.example:5000",
            "https://jo:p@SECRET/x@r.example/v2/",
            "'https://jo:SECRET@r.example'",
        ],
        stays: &[
            "https://r.example/a@b",
            "https://r.example:5000/v2/acme/redis@sha256:0123456789abcdef",
            "http://localhost:4873/@types/node",
            "docker://quay.io/acme/redis:1@sha256:0123",
            "docker://redis@sha256:0123",
            "ssh://git@github.com/acme/app.git",
            "GET 'https://r.example/x', asked by jo@acme.example",
            "https://pkg.example/acme/lib/@v/v1.2.3.info",
        ],
    },
    Shape {
        anchors: &["%3A%2F%2F", "%253A%252F%252F"],
        look: addresses::encoded_userinfo,
        goes: &[
            "url=https%3A%2F%2Fjo%3ASECRET%40r.example%2Fv2%2F",
            "next=https%253A%252F%252Fjo%253ASECRET%2540r.example",
            "http%3a%2f%2fjo%3aSECRET%40127.0.0.1%3a5000",
        ],
        stays: &[
            "url=https%3A%2F%2Fr.example%2Fv2%2Facme%2Fredis%40sha256%3A0123",
            "realm=https%3A%2F%2Fa.example%2Ftoken",
        ],
    },
    Shape {
        anchors: &["@"],
        look: addresses::bare_userinfo,
        goes: &[
            "pull jo:SECRET@r.example/acme/redis:1",
            "jo:SECRET@127.0.0.1:5000",
            "\"jo:SECRET@localhost:5000\"",
            "jo%40acme.example:SECRET@r.example",
        ],
        stays: &[
            "redis:8@sha256:0123456789abcdef",
            "r.example/acme/redis:8@sha256:0123456789abcdef",
            "mailto:jo@acme.example",
            "npm:lodash@4.17.21",
            "git@github.com:acme/app.git",
            "user:jo@acme.example",
            "uses: docker/login-action@v3.1",
        ],
    },
    Shape {
        anchors: &["authorization"],
        look: headers::authorization,
        goes: &[
            "Authorization: Basic SECRET",
            "Authorization: token SECRET",
            "Authorization:Basic\\ SECRET",
            "authorization=Bearer%20SECRET",
            "{\"Authorization\":[\"Bearer SECRET\"]}",
            "map[Authorization:[Basic SECRET] Accept:[*/*]]",
            "GET /v2/ authorization: token SECRET",
            "Proxy-Authorization: SECRET",
            "{\\\"authorization\\\":\\\"Bearer SECRET\\\"}",
            "Authorization: Digest username=\"jo\", response=\"SECRET\", uri=\"/\"",
            "Authorization%3A%20Basic%20SECRET",
        ],
        stays: &[
            "may require authorization: server message: insufficient_scope: authorization failed",
            "authorization: failed",
            "authorization required",
            "Authorization: Bearer ***",
            "Authorization: Bearer $TOKEN",
        ],
    },
    Shape {
        anchors: &["cookie"],
        look: headers::cookie,
        goes: &[
            "Cookie: session=SECRET",
            "Set-Cookie: a=b; sid=SECRET; Path=/",
            "-H 'cookie: x=SECRET'",
        ],
        stays: &["cookie: not found", "cookies are off", "cookie jar: empty"],
    },
    Shape {
        anchors: &["basic", "bearer"],
        look: headers::scheme_alone,
        goes: &["sent Basic\\ am86SECRET", "got bearer q7ZkSECRET", "bearer%20q7ZkSECRET"],
        stays: &[
            "basic authentication is required",
            "bearer token missing",
            "Bearer realm=\"https://a.example/token\"",
        ],
    },
    Shape {
        anchors: &["private key-----", "private key block-----"],
        look: private_key,
        goes: &[
            "-----BEGIN RSA PRIVATE KEY----- MIIEow1bSECRET -----END RSA PRIVATE KEY----- tail",
            "{\"k\":\"-----BEGIN PRIVATE KEY-----\\nMIIEow1bSECRET\\n-----END PRIVATE KEY-----\\n\"}",
            "-----BEGIN EC PRIVATE KEY-----\\\\nMIIEow1bSECRET\\\\n",
            "-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rSECRET",
        ],
        stays: &[
            "-----BEGIN CERTIFICATE----- MIIB0123 -----END CERTIFICATE-----",
            "no -----BEGIN PRIVATE KEY----- found",
        ],
    },
    Shape {
        anchors: &["echo ", "printf "],
        look: commands::piped,
        goes: &[
            "echo SECRET | docker login -u jo --password-stdin",
            "printf '%s' SECRET | podman login --password-stdin r.example",
            "echo -n SECRET|docker login --password-stdin",
        ],
        stays: &[
            "echo $DOCKER_PASSWORD | docker login -u jo --password-stdin",
            "echo done | tee log",
        ],
    },
    Shape {
        anchors: &["-", "<<<"],
        look: commands::option,
        goes: &[
            "docker login -u jo -p SECRET r.example",
            "docker login --password-stdin <<< SECRET",
            "[\"docker\",\"login\",\"-u\",\"jo\",\"-p\",\"SECRET\"]",
            "args: [\"-u\",\"jo\",\"-p\",\"SECRET\"]",
            "ctr images pull --user jo:SECRET r.example/acme/redis:8",
            "ctr -n k8s.io i pull -u jo:SECRET r.example/acme/redis:8",
            "curl -u jo:SECRET https://r.example",
            "curl -sujo:SECRET https://r.example",
            "curl -fsSLu jo:SECRET https://r.example",
            "curl --user=jo:SECRET https://r.example",
            "curl --proxy-user 'jo:SECRET' https://r.example",
            "http -a jo:SECRET r.example/v2/",
            "https --auth=jo:SECRET r.example/v2/",
            "sshpass -p SECRET ssh host",
            "sshpass -pSECRET ssh host",
        ],
        stays: &[
            "docker run -p 8080:80 -u 1000:1000 nginx",
            "docker run -u app:app -p 80:80 nginx",
            "ctr run --user app:app r.example/acme/redis:8 x",
            "curl -u $HUB_USER:$HUB_PASSWORD https://r.example",
            "mkdir -p /srv/cache",
            "docker login -u jo -p $DOCKER_PASSWORD r.example",
            "docker compose -p acme up",
            "curl -sSL https://r.example",
        ],
    },
    Shape {
        anchors: &[
            "using password",
            "with password",
            "password is",
            "password was",
            "bad password",
            "wrong password",
            "invalid password",
            "using token",
            "with token",
            "bad token",
            "invalid token",
            "the password",
            "using secret",
            "using passwd",
            "with pass",
            "password of",
        ],
        look: commands::phrase,
        goes: &[
            "login as jo using password SECRET for r.example",
            "tried user jo with password \"SECRET\" at r.example",
            "the password is SECRET, said jo",
            "using token SECRET to ask",
        ],
        stays: &[
            "Access denied for user jo (using password: YES)",
            "using password authentication",
            "with token based login",
            "the password was rejected by the server",
            "with password from stdin",
            "invalid token: expired",
        ],
    },
];

/// The body of a private key, on one line or with its line ends escaped; without an end as far as
/// words go that may be of it.
fn private_key(place: Place<'_>) -> Option<Range<usize>> {
    let is_begin = super::lately(place.before(), 40).to_ascii_uppercase().contains("-----BEGIN ");
    if !is_begin {
        return None;
    }
    let after = place.after();
    if let Some(end) = after.find("-----END") {
        return place.secret(0, end);
    }
    let mut end = 0;
    for word in after.split_inclusive(char::is_whitespace) {
        let bare = word.trim().trim_end_matches(['"', '\'', '}', ']', ',']);
        if !bare.is_empty() && !is_of_key(near(bare, NEAR)) {
            break;
        }
        end += word.len();
    }
    let said = after.get(..end)?.trim_end().trim_end_matches(['"', '\'', '}', ']', ',']);
    place.secret(0, said.len())
}

/// Whether a word may be of a key's body, or of the two header lines that it may have.
fn is_of_key(word: &str) -> bool {
    let is_part =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\\' | b'-' | b',');
    matches!(word, "Proc-Type:" | "4,ENCRYPTED" | "DEK-Info:")
        || (word.bytes().all(is_part) && (word.starts_with('\\') || super::is_opaque(word)))
}

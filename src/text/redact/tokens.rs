//! Tokens that tell what they are by how they begin, whoever issued them: one row each. A row has no
//! example in it, for a scanner of sources would take that for a token: its test makes one.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{FAR, Place, is_opaque, near, spelling, word};

/// What a token is made of behind its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Anything that a token may have.
    Any,
    /// Letters and digits alone.
    Letters,
    /// Capitals and digits alone, as keys of AWS.
    Capitals,
    /// Letters, digits, `-` and `_`, and among them a digit and a capital: words have no such letters.
    Mixed,
    /// Base64 in up to three parts with dots between them.
    Base64,
    /// The same, of JSON: it is a secret where the JSON holds one, or cannot be read.
    Json,
}

/// One kind of token.
#[derive(Debug)]
pub(super) struct Token {
    /// How it begins.
    pub(super) prefix: &'static str,
    of: Of,
    /// The least bytes behind the prefix.
    least: usize,
    /// A text that begins so, too, and is none.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) stays: &'static str,
}

const fn token(prefix: &'static str, of: Of, least: usize, stays: &'static str) -> Token {
    Token { prefix, of, least, stays }
}

pub(super) const TOKENS: &[Token] = &[
    // Docker
    token("dckr_pat_", Of::Any, 0, "adckr_pat_x"),
    token("dckr_oat_", Of::Any, 0, "adckr_oat_x"),
    token("dckr_jti_", Of::Any, 0, "adckr_jti_x"),
    token("dckr_", Of::Any, 0, "x.dckr_x"),
    // Forges
    token("ghp_", Of::Any, 4, "aghp_x"),
    token("gho_", Of::Any, 4, "gho_"),
    token("ghs_", Of::Any, 4, "aghs_x"),
    token("ghu_", Of::Any, 4, "ghu_"),
    token("ghr_", Of::Any, 4, "ghr_"),
    token("github_pat_", Of::Any, 4, "github_path"),
    token("glpat-", Of::Any, 6, "glpat-x"),
    token("gldt-", Of::Any, 6, "gldt-x"),
    token("glcbt-", Of::Any, 6, "glcbt-x"),
    token("glrt-", Of::Any, 10, "glrt-runner"),
    token("glrtr-", Of::Any, 10, "glrtr-x"),
    token("glptt-", Of::Any, 10, "glptt-x"),
    token("glft-", Of::Any, 10, "glft-x"),
    token("glsoat-", Of::Any, 10, "glsoat-x"),
    token("glimt-", Of::Any, 10, "glimt-x"),
    token("glagent-", Of::Any, 12, "glagent-k8s"),
    token("gloas-", Of::Any, 10, "gloas-x"),
    token("glffct-", Of::Any, 10, "glffct-x"),
    token("GR1348941", Of::Any, 10, "GR1348941"),
    token("ATATT3", Of::Any, 20, "ATATT3"),
    token("ATBB", Of::Mixed, 20, "ATBB-NAME"),
    token("ATCTT3", Of::Any, 20, "ATCTT3"),
    token("CCIPAT_", Of::Any, 16, "CCIPAT_x"),
    token("CCIPRJ_", Of::Any, 16, "CCIPRJ_x"),
    token("bkua_", Of::Letters, 20, "bkua_x"),
    // Packages
    token("npm_", Of::Letters, 16, "npm_config_registry=https://registry.example/npm"),
    token("pypi-", Of::Mixed, 16, "pypi-mirror-of-the-company:1.2"),
    token("rubygems_", Of::Letters, 24, "rubygems_mirror"),
    token("oy2", Of::Letters, 40, "oy2.example"),
    token("AKCp", Of::Letters, 10, "AKCpu"),
    token("cmVmdGtuOj", Of::Letters, 8, "cmVmdGtuOj"),
    token("hf_", Of::Letters, 20, "hf_transformers_cache"),
    token("r8_", Of::Letters, 20, "r8_x"),
    // Clouds
    token("AKIA", Of::Capitals, 12, "akia-cluster.example"),
    token("ASIA", Of::Capitals, 12, "ASIA-SOUTHEAST1-DOCKER"),
    token("ABIA", Of::Capitals, 12, "ABIA"),
    token("ACCA", Of::Capitals, 12, "ACCA"),
    token("AROA", Of::Capitals, 12, "AROA"),
    token("AIDA", Of::Capitals, 12, "AIDA"),
    token("ABSK", Of::Mixed, 40, "ABSK"),
    token("AIza", Of::Mixed, 24, "aizawa/redis"),
    token("ya29.", Of::Any, 10, "ya29.x"),
    token("GOCSPX-", Of::Any, 16, "GOCSPX-x"),
    token("dop_v1_", Of::Letters, 16, "dop_v1_x"),
    token("doo_v1_", Of::Letters, 16, "doo_v1_x"),
    token("dor_v1_", Of::Letters, 16, "dor_v1_x"),
    token("dapi", Of::Letters, 32, "dapi-server"),
    token("nvapi-", Of::Any, 20, "nvapi-proxy"),
    token("tskey-", Of::Any, 16, "tskey-file"),
    token("fm2_", Of::Any, 30, "fm2_x"),
    token("pul-", Of::Letters, 40, "pul-image"),
    token("dp.pt.", Of::Letters, 20, "dp.pt.example"),
    token("CFPAT-", Of::Any, 20, "CFPAT-x"),
    token("lin_api_", Of::Letters, 20, "lin_api_server"),
    token("sbp_", Of::Letters, 30, "sbp_x"),
    token("pscale_tkn_", Of::Any, 16, "pscale_tkn_x"),
    token("pscale_pw_", Of::Any, 16, "pscale_pw_x"),
    // Vaults
    token("hvs.", Of::Any, 10, "hvs.example"),
    token("hvb.", Of::Any, 16, "hvb.example"),
    token("hvr.", Of::Any, 16, "hvr.example"),
    token("s.", Of::Letters, 24, "s.example.org"),
    token("ops_eyJ", Of::Base64, 20, "ops_eyJ"),
    // Chat, mail, money, models
    token("xoxa-", Of::Any, 8, "xoxa-x"),
    token("xoxb-", Of::Any, 8, "xoxb-x"),
    token("xoxe-", Of::Any, 8, "xoxe-x"),
    token("xoxe.", Of::Any, 8, "xoxe.x"),
    token("xoxo-", Of::Any, 8, "xoxo-x"),
    token("xoxp-", Of::Any, 8, "xoxp-x"),
    token("xoxr-", Of::Any, 8, "xoxr-x"),
    token("xoxs-", Of::Any, 8, "xoxs-x"),
    token("xapp-", Of::Any, 16, "xapp-server"),
    token("SG.", Of::Mixed, 16, "sg.example.org/redis"),
    token("sk-", Of::Mixed, 16, "sk-learn-with-gpu-and-jupyter:1.2"),
    token("sk_live_", Of::Letters, 10, "sk_live_x"),
    token("sk_test_", Of::Letters, 10, "sk_test_x"),
    token("rk_live_", Of::Letters, 10, "rk_live_x"),
    token("rk_test_", Of::Letters, 10, "rk_test_x"),
    token("whsec_", Of::Any, 16, "whsec_x"),
    token("sq0atp-", Of::Any, 10, "sq0atp-x"),
    token("sq0csp-", Of::Any, 10, "sq0csp-x"),
    token("shpat_", Of::Letters, 16, "shpat_x"),
    token("shpss_", Of::Letters, 16, "shpss_x"),
    token("shppa_", Of::Letters, 16, "shppa_x"),
    token("gsk_", Of::Letters, 20, "gsk_x"),
    token("xai-", Of::Letters, 30, "xai-server"),
    token("PMAK-", Of::Any, 20, "PMAK-x"),
    token("NRAK-", Of::Capitals, 16, "NRAK-x"),
    // Watching
    token("glsa_", Of::Any, 16, "glsa_x"),
    token("glc_", Of::Base64, 20, "glc_x"),
    token("sntrys_", Of::Base64, 20, "sntrys_x"),
    token("sntryu_", Of::Letters, 20, "sntryu_x"),
    token("dt0c01.", Of::Any, 20, "dt0c01.x"),
    token("AGE-SECRET-KEY-1", Of::Capitals, 20, "AGE-SECRET-KEY-1"),
    // JSON in base64: a JWT, whole or cut, `.dockerconfigjson`, `X-Registry-Auth`.
    token("eyJ", Of::Json, 20, "eyJwYWdlIjoxLCJzaXplIjo1MCwic29ydCI6ImEifQ"),
    token("eyAi", Of::Json, 20, "eyAicGFnZSI6IDEsICJzaXplIjogNTAgfQ"),
    token("ewog", Of::Json, 20, "ewogICJwYWdlIjogMSwKICAic2l6ZSI6IDUwCn0"),
    token("ewoJ", Of::Json, 20, "ewoJInBhZ2UiOiAxLAoJInNpemUiOiA1MAp9"),
    token("ew0K", Of::Json, 20, "ew0KICAicGFnZSI6IDEsDQogICJzaXplIjogNTANCn0"),
    // A private key in base64: `-----BEGIN`, with a letter that no certificate goes on with.
    token("LS0tLS1CRUdJTiBQ", Of::Base64, 20, "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUI"),
    token("LS0tLS1CRUdJTiBSU0", Of::Base64, 20, "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUI"),
    token("LS0tLS1CRUdJTiBFQ", Of::Base64, 20, "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUI"),
    token("LS0tLS1CRUdJTiBPUEVOU1", Of::Base64, 20, "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUI"),
];

/// Whether JSON in base64 holds a secret, by the names in it: a JWT's head or body, a login. What cannot
/// be read may be anything.
fn holds_secret(word: &str) -> bool {
    const NAMES: [&str; 18] = [
        "\"alg\"", "\"typ\"", "\"kid\"", "\"enc\"", "\"iss\"", "\"jti\"", "\"code\"", "auth",
        "user", "pass", "pwd", "token", "secret", "cred", "key", "cert", "session", "cookie",
    ];
    // What is longer than anybody reads is not looked into: each of its places would be.
    if word.len() > FAR {
        return true;
    }
    let first = word.split('.').next().unwrap_or(word).trim_end_matches('=');
    let plain: String = first
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    let whole = plain.get(..plain.len() / 4 * 4).unwrap_or_default();
    let Ok(bytes) = STANDARD_NO_PAD.decode(whole) else { return true };
    // What is cut off in the middle of a letter is text up to there.
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => bytes
            .get(..error.valid_up_to())
            .and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default(),
        Err(_) => return true,
    };
    let lower = text.to_ascii_lowercase();
    let is_json =
        lower.contains('"') && !lower.chars().any(|c| c.is_control() && !c.is_whitespace());
    !is_json || NAMES.iter().any(|name| lower.contains(name))
}

impl Token {
    /// The token that begins with the anchor, prefix and all.
    pub(super) fn secret(&self, place: Place<'_>) -> Option<Range<usize>> {
        let after = place.after();
        let is_same = place.anchor() == self.prefix;
        let look = near(after, FAR);
        let said = look.get(..self.body(look))?;
        let length = if said.len() == look.len() { self.body(after) } else { said.len() };
        (is_same && spelling::is_start(super::lately(place.before(), 8)) && self.fits(said, after))
            .then(|| place.at..place.end + length)
    }

    /// Bytes behind the prefix that may be the token's.
    fn body(&self, after: &str) -> usize {
        let bytes = |is_part: fn(u8) -> bool| {
            after.bytes().position(|byte| !is_part(byte)).unwrap_or(after.len())
        };
        match self.of {
            Of::Any => word(after),
            Of::Letters => bytes(|byte| byte.is_ascii_alphanumeric()),
            Of::Capitals => bytes(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()),
            Of::Mixed => {
                let length =
                    bytes(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
                after.get(..length).map_or(0, |word| word.trim_end_matches('.').len())
            }
            Of::Base64 | Of::Json => {
                let length = bytes(|b| {
                    b.is_ascii_alphanumeric()
                        || matches!(b, b'+' | b'/' | b'-' | b'_' | b'=' | b'.')
                });
                after.get(..length).map_or(0, |word| word.trim_end_matches('.').len())
            }
        }
    }

    fn fits(&self, body: &str, after: &str) -> bool {
        let is_alone = match self.of {
            // What goes on with another sign is a name: `npm_config_registry`, `dapi-server`.
            Of::Letters | Of::Capitals => {
                let next = after.get(body.len()..).and_then(|rest| rest.chars().next());
                next.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | '-'))
            }
            Of::Mixed => {
                is_opaque(body)
                    && body.bytes().any(|byte| byte.is_ascii_digit())
                    && (body.bytes().any(|byte| byte.is_ascii_uppercase())
                        || body.split(['-', '_', '.']).any(|part| part.len() >= 20))
            }
            Of::Json => holds_secret(&format!("{}{body}", self.prefix)),
            Of::Any | Of::Base64 => true,
        };
        body.len() >= self.least && is_alone
    }

    /// Such a token, made up.
    #[cfg(test)]
    pub(super) fn example(&self) -> String {
        let body = match self.of {
            Of::Capitals => "Q7ZK2M4XW9P3",
            _ => "q7ZkT2mXw9P3",
        };
        format!("{}{}", self.prefix, body.repeat(5))
    }
}

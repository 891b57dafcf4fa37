//! Tables of what people paste: secrets in every clear shape, and words that only look like them.

use super::names::NAMES;
use super::shapes::SHAPES;
use super::tokens::TOKENS;
use super::*;
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case(
    "your pull rate limit as 'tidewater-ci': dckr_jti_9qvxj2uawwDVeT6hCsOoeeN_bzw=. You may",
    "your pull rate limit as '<redacted>': <redacted>. You may"
)]
#[case(
    "Authorization: Basic dXNlcjpwYXNz\r\nAccept: */*",
    "Authorization: <redacted>\r\nAccept: */*"
)]
#[case(
    "may require authorization: server message: insufficient_scope: authorization failed",
    "may require authorization: server message: insufficient_scope: authorization failed"
)]
#[case(
    "> authorization: hunter\n  Authorization: hunter",
    "> authorization: <redacted>\n  Authorization: <redacted>"
)]
#[case("curl -H Authorization: hunter", "curl -H Authorization: <redacted>")]
#[case("Proxy-Authorization: hunter", "Proxy-Authorization: <redacted>")]
#[case("sent authorization: Bearer abc", "sent authorization: <redacted>")]
#[case("sent authorization: am86cHc0aHVudGVy", "sent authorization: <redacted>")]
#[case(
    "\"Authorization\": \"Bearer abc\", \"x\": 1",
    "\"Authorization\": \"<redacted>\", \"x\": 1"
)]
#[case("sent bearer eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl ok", "sent bearer <redacted> ok")]
#[case("token eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl", "token <redacted>")]
#[case(
    "https://auth.docker.io/token?account=jo&scope=repository%3Aa&token=x1",
    "https://auth.docker.io/token?account=<redacted>&scope=repository%3Aa&token=<redacted>"
)]
#[case(
    "docker login -u jo --password hunter2 r.example",
    "docker login -u jo --password <redacted> r.example"
)]
#[case(
    "{\"auths\":{\"x\":{\"auth\":\"am86cHc=\"}}}",
    "{\"auths\":{\"x\":{\"auth\":\"<redacted>\"}}}"
)]
#[case("http://jo:p%40w@127.0.0.1:5000/v2/", "http://<redacted>@127.0.0.1:5000/v2/")]
#[case("nginx@sha256:abc at https://r.example/a@b", "nginx@sha256:abc at https://r.example/a@b")]
#[case(
    "basic authentication is required; bearer token missing",
    "basic authentication is required; bearer token missing"
)]
#[case(
    "failed to fetch oauth token: status from GET request to https://auth.docker.io/token",
    "failed to fetch oauth token: status from GET request to https://auth.docker.io/token"
)]
#[case("éé dckr_pat_éé", "éé <redacted>éé")]
#[case(
    "Error running command 'docker login -u bob -p hunter2pass': exit status 1",
    "Error running command 'docker login -u bob -p <redacted>': exit status 1"
)]
#[case(
    "out: {\"ServerURL\":\"https://r.example\",\"Username\":\"bob\",\"Secret\":\"hunter2pass\"}",
    "out: {\"ServerURL\":\"https://r.example\",\"Username\":\"bob\",\"Secret\":\"<redacted>\"}"
)]
#[case("SECRET=hunter2 docker pull x", "SECRET=<redacted> docker pull x")]
#[case(
    "['docker', 'login', '-u', 'bob', '-p', 'hunter2pass']",
    "['docker', 'login', '-u', 'bob', '-p', '<redacted>']"
)]
#[case(
    "[\"docker\",\"login\",\"--password\",\"hunter2\",\"r\"]",
    "[\"docker\",\"login\",\"--password\",\"<redacted>\",\"r\"]"
)]
#[case(
    "cmd=\"docker login -u b -p \\\"hunter2\\\" r\"",
    "cmd=\"docker login -u b -p \\\"<redacted>\\\" r\""
)]
#[case("docker login -phunter2 -ubob", "docker login -p<redacted> -ubob")]
#[case("docker login -p=hunter2 r", "docker login -p=<redacted> r")]
#[case(
    "docker login r && docker run -p 80:80 nginx",
    "docker login r && docker run -p 80:80 nginx"
)]
#[case("docker run -p 8080:80 -u 1000:1000 nginx", "docker run -p 8080:80 -u 1000:1000 nginx")]
#[case("curl -u bob:hunter2 https://r.example", "curl -u <redacted> https://r.example")]
#[case(
    "echo hunter2 | docker login -u bob --password-stdin",
    "echo <redacted> | docker login -u bob --password-stdin"
)]
#[case(
    "docker login --password-stdin <<< 'hunter2'",
    "docker login --password-stdin <<< '<redacted>'"
)]
#[case(
    "skopeo copy --src-creds bob:hunter2pass --dest-creds=al:hunter3 a b",
    "skopeo copy --src-creds <redacted> --dest-creds=<redacted> a b"
)]
#[case("podman pull --creds=bob:hunter2pass x", "podman pull --creds=<redacted> x")]
#[case("DOCKERHUB_TOKEN=hunter2pass docker pull x", "DOCKERHUB_TOKEN=<redacted> docker pull x")]
#[case(
    "docker run -e DB_PASSWORD=hunt,er&2 -e A=b x",
    "docker run -e DB_PASSWORD=<redacted> -e A=b x"
)]
#[case("  DOCKER_PASSWORD: hunter2pass", "  DOCKER_PASSWORD: <redacted>")]
#[case(
    "kubectl create secret docker-registry r --docker-password=hunter2",
    "kubectl create secret docker-registry r --docker-password=<redacted>"
)]
#[case("--from-literal=password=hunter2", "--from-literal=password=<redacted>")]
#[case("docker login --password='hunter 2' r", "docker login --password='<redacted>' r")]
#[case(
    "{'username': 'bob', 'password': 'hunter2'}",
    "{'username': 'bob', 'password': '<redacted>'}"
)]
#[case(
    "{\"registryPassword\" : \"hun\\\"ter2\", \"a\":1}",
    "{\"registryPassword\" : \"<redacted>\", \"a\":1}"
)]
#[case("{\\\"password\\\": \\\"hunter2\\\"}", "{\\\"password\\\": \\\"<redacted>\\\"}")]
#[case("map[password:hunter2 username:bob]", "map[password:<redacted> username:bob]")]
#[case("password = \"hunter2\"", "password = \"<redacted>\"")]
#[case("{\"token\":null,\"auth\":{\"a\":1}}", "{\"token\":null,\"auth\":{\"a\":1}}")]
#[case(
    "incorrect username or password: unauthorized",
    "incorrect username or password: unauthorized"
)]
#[case("getting token: unexpected status: 401", "getting token: unexpected status: 401")]
#[case(
    "Using --password via the CLI is insecure. Use --password-stdin.",
    "Using --password via the CLI is insecure. Use --password-stdin."
)]
#[case("docker build --secret id=npm,src=.npmrc .", "docker build --secret id=npm,src=.npmrc .")]
#[case(
    "map: {\"password\": hunter, 'a_token': 17}",
    "map: {\"password\": <redacted>, 'a_token': <redacted>}"
)]
#[case("  \"password\": hunter2", "  \"password\": <redacted>")]
#[case("header \"token\": a8f5f167f44f", "header \"token\": <redacted>")]
#[case("{\\\"x\\\":1,\\\"password\\\":hunter}", "{\\\"x\\\":1,\\\"password\\\":<redacted>}")]
#[case("docker --config /x login -u b -p hunter2", "docker --config /x login -u b -p <redacted>")]
#[case(
    "failed to run docker login -u b -p hunter2",
    "failed to run docker login -u b -p <redacted>"
)]
#[case(
    "kubectl exec pod -- docker login -p hunter2",
    "kubectl exec pod -- docker login -p <redacted>"
)]
#[case("$(/usr/bin/docker login -u b -p hunter2)", "$(/usr/bin/docker login -u b -p <redacted>)")]
#[case("helm registry login r -u b -p hunter2", "helm registry login r -u b -p <redacted>")]
#[case("login -u b -p hunter2", "login -u b -p <redacted>")]
#[case("docker run curlimages/curl -u bob:hunter2 r", "docker run curlimages/curl -u <redacted> r")]
#[case(
    "client_secret=hunter2 \"app_secret\": \"hunter2\"",
    "client_secret=<redacted> \"app_secret\": \"<redacted>\""
)]
#[case("r.example/?secret=hunter", "r.example/?secret=<redacted>")]
#[case("secret: a8F5f167f44f", "secret: <redacted>")]
#[case(
    "--password hunter2 --docker-password hunter3",
    "--password <redacted> --docker-password <redacted>"
)]
fn secrets_go_and_words_stay(#[case] said: &str, #[case] shown: &str) {
    assert_eq!(redact(said), shown);
}

#[rstest]
#[case("Post \"https://auth.docker.io/token\": x509: certificate signed by unknown authority")]
#[case("Get \"https://gitlab.com/jwt/auth\": EOF")]
#[case("Get \"https://auth.docker.io/token\": unauthorized: incorrect username or password")]
#[case("Get \\\"https://auth.docker.io/token\\\": net/http: TLS handshake timeout")]
#[case(
    "Failed to pull image \"myorg/web-token\": toomanyrequests: You have reached your pull rate limit"
)]
#[case("Failed to pull image \"registry-auth\": rpc error: code = Unknown")]
#[case("incorrect password: unauthorized")]
#[case("registry_auth: 401 Unauthorized")]
#[case("pod kube-system/bootstrap-token: nginx:1.27 pulled")]
#[case("services.user_auth: ImagePullBackOff")]
#[case("docker run -d --name login-service -p 8080:80 acme/login:1.2 failed: exit status 125")]
#[case("docker run --rm --name login -p 127.0.0.1:8080:80 nginx:1")]
#[case("docker --debug run --name login -p 8080:80 nginx:1")]
#[case("docker run curlimages/curl -u 1000:1000")]
#[case("docker run --name curl -u app:app alpine")]
#[case("kubectl -n login-app port-forward svc/web -p 80: unable to listen")]
#[case("kubectl -n login port-forward svc/web -p 80")]
#[case("imagePullSecret: regcred")]
#[case("imagePullSecret: regcred-2024")]
#[case(
    "Unable to retrieve pull secret, the image pull may not succeed. pod=\"default/web\" secret=\"default/regcred\" err=\"x\""
)]
#[case("secret=\"\" err=\"secret \\\"regcred\\\" not found\"")]
#[case("Flag --docker-password has been deprecated")]
#[case("the --token option is required; --password flag missing")]
#[case("Normal  Pulling  12s  kubelet  Pulling image \"acme/auth:1.2\"")]
#[case("MountVolume.SetUp failed for volume \"web-token\" : secret \"web-token\" not found")]
#[case(
    "MountVolume.SetUp failed for volume \"api-secret\" : object \"default\"/\"api-secret\" not registered"
)]
#[case(
    "Error: creating container storage: the container name \"registry-auth\" is already in use by 3f2a"
)]
#[case(
    "Error response from daemon: Head \"https://registry-1.docker.io/v2/acme/user-auth/manifests/1\": unauthorized: authentication required"
)]
#[case(
    "Error: initializing source docker://acme/token:1: reading manifest 1 in docker.io/acme/token: requested access to the resource is denied"
)]
#[case("##[error]Docker pull failed with exit code 1: docker.io/acme/x-auth: toomanyrequests")]
#[case("Container registry-auth  Pulling")]
#[case("registry-auth Pulled 3.2s")]
#[case("user_auth Error toomanyrequests: You have reached your unauthenticated pull rate limit.")]
#[case("Error: Username and password required")]
#[case("Run docker/login-action@v3 with: registry: docker.io username: acme logout: true")]
#[case("Temporary failure getting token: dial tcp: lookup auth.docker.io: no such host")]
#[case(
    "failed to authorize: failed to fetch anonymous token: unexpected status: 429 Too Many Requests"
)]
#[case("Trying to pull docker.io/library/nginx:1.27... Getting image source signatures")]
#[case(
    "kubelet E1122 pod_workers.go:1301] \"Error syncing pod, skipping\" err=\"failed to StartContainer for \\\"auth\\\" with ImagePullBackOff\""
)]
#[case("Step 3/9 : ARG NPM_TOKEN")]
#[case("secret/regcred created")]
#[case(
    "docker compose: service web-token: pull access denied for acme/web-token, repository does not exist"
)]
#[case("WARNING! Your credentials are stored unencrypted in '/home/jo/.docker/config.json'.")]
#[case(
    "service \"registry-auth\" refers to undefined volume; services.registry-auth: ErrImagePull"
)]
#[case("compose: auth: acme/auth:1.2.3 not found; image auth: docker.io/library/nginx:1.27")]
#[case("access-token: https://auth.docker.io/token")]
fn what_is_no_secret_stays(#[case] said: &str) {
    assert_eq!(redact(said), said);
}

#[test]
fn a_long_secret_is_hidden_to_its_end() {
    let long = "aB3x".repeat(4000);
    for lead in ["password=", "--token ", "\"token\": \"", "docker login -p ", "curl -u jo:"] {
        let shown = redact(&format!("{lead}{long}"));
        assert!(
            !shown.contains("aB3x") && shown.contains(REDACTED),
            "{lead}: {} bytes",
            shown.len()
        );
    }
}

#[test]
fn the_cost_of_a_long_line_grows_no_faster_than_the_line() {
    for (lead, part) in [
        ("login ", "a_token:"),
        ("", "password\\"),
        ("", "echo "),
        ("", "eyJ-"),
        ("docker login ", "-p=-"),
        ("", "-p/-u"),
    ] {
        let cost = |times: usize| {
            let line = format!("{lead}{}", part.repeat(times));
            let once = || {
                let start = std::time::Instant::now();
                assert!(!redact(&line).is_empty());
                start.elapsed()
            };
            (0..3).map(|_| once()).min().unwrap_or_default()
        };
        let (short, long) = (cost(1_000), cost(16_000));
        // Sixteen times the line: sixteen times the cost, not 256 times.
        assert!(long < short * 64, "{part}: {short:?}, {long:?}");
    }
}

proptest! {
    #[test]
    fn no_token_survives_wherever_it_stands(before in "[ :'\"=,(]{0,3}", secret in "[A-Za-z0-9_-]{8,40}", after in "[ .'\",)]{0,3}") {
        let shown = redact(&format!("x {before}dckr_pat_{secret}{after}"));
        prop_assert!(!shown.contains(&secret), "{}", shown);
    }

    #[test]
    fn any_text_is_taken_and_no_longer_than_its_marks(text in any::<String>(), words in "(limit as '|://|@|token=|bearer |dckr_|eyJ|--password |login |-p|curl -u|echo |\\||<<<|\\\\|:|,|'|é| |a|\"){0,12}") {
        for text in [text, words] {
            let shown = redact(&text);
            prop_assert!(shown.replace(REDACTED, "").len() <= text.len(), "{}", shown);
        }
    }
}

/// Made-up values that a row's `SECRET` stands for, none a word of a sentence.
const VALUES: &[&str] = &["hunter2pass", "Tr0ub4dorAnd3", "x9Kq2LmZv8Rt4Wn6"];

/// What a row says is hidden, on a line of its own and beside a failure.
#[test]
fn what_a_row_says_goes_goes_and_what_it_says_stays_stays() {
    let names = NAMES.iter().map(|row| (vec![row.goes], vec![row.stays]));
    let shapes = SHAPES.iter().map(|row| (row.goes.to_vec(), row.stays.to_vec()));
    let mut wrong = Vec::new();
    for (goes, stays) in names.chain(shapes) {
        for (text, value) in
            goes.iter().flat_map(|text| VALUES.iter().map(move |value| (text, value)))
        {
            let said = text.replace("SECRET", value);
            assert_ne!(&said, text, "a row has a secret");
            for line in [
                said.clone(),
                format!("{said} toomanyrequests: no"),
                format!("redis:8 failed: {said}"),
            ] {
                let shown = redact(&line);
                if shown.contains(value)
                    || line.contains("toomanyrequests") != shown.contains("toomanyrequests: no")
                {
                    wrong.push(format!("{line}\n    {shown}"));
                }
            }
        }
        for text in stays {
            for line in [
                text.to_owned(),
                format!("{text} toomanyrequests: no"),
                format!("redis:8 failed: {text}"),
            ] {
                let shown = redact(&line);
                if shown != line {
                    wrong.push(format!("{line}\n    {shown}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n"), wrong.len());
}

#[test]
fn every_kind_of_token_is_hidden_where_a_word_may_stand_and_its_neighbour_is_not() {
    let mut wrong = Vec::new();
    for row in TOKENS {
        let token = row.example();
        for text in [
            format!("token {token} refused"),
            format!("{token}: refused"),
            format!("(jo:{token})"),
            format!("https%3A%2F%2Fjo%3A{token} x"),
            format!("x%253A{token}%2540 x"),
            format!("\"line\\n{token}\\nline\""),
            format!("a={token}&b"),
            format!("\\u0022{token}\\u0022"),
        ] {
            let shown = redact(&text);
            let body = token.get(row.prefix.len()..).unwrap();
            if shown.contains(body.get(..12).unwrap()) {
                wrong.push(format!("{text}\n    {shown}"));
            }
        }
        let stays = format!("{} failed: {}", row.stays, row.stays);
        if redact(&stays) != stays {
            wrong.push(format!("{stays}\n    {}", redact(&stays)));
        }
    }
    assert!(wrong.is_empty(), "{}\n{} wrong", wrong.join("\n"), wrong.len());
}

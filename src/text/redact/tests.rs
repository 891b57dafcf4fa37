//! Tables of what people paste: secrets in every clear shape, and words that only look like them.

use super::*;
use proptest::prelude::*;
use rstest::rstest;

#[rstest]
#[case(
    "your pull rate limit as 'tidewater-ci': dckr_jti_9qvxj2uawwDVeT6hCsOoeeN_bzw=. You may",
    "your pull rate limit as '<redacted>': <redacted>. You may"
)]
#[case("Authorization: Basic dXNlcjpwYXNz\r\nAccept: */*", "Authorization: <redacted>\r\nAccept: */*")]
#[case(
    "may require authorization: server message: insufficient_scope: authorization failed",
    "may require authorization: server message: insufficient_scope: authorization failed"
)]
#[case("> authorization: hunter\n  Authorization: hunter", "> authorization: <redacted>\n  Authorization: <redacted>")]
#[case("curl -H Authorization: hunter", "curl -H Authorization: <redacted>")]
#[case("Proxy-Authorization: hunter", "Proxy-Authorization: <redacted>")]
#[case("sent authorization: Bearer abc", "sent authorization: <redacted>")]
#[case("sent authorization: am86cHc0aHVudGVy", "sent authorization: <redacted>")]
#[case("\"Authorization\": \"Bearer abc\", \"x\": 1", "\"Authorization\": \"<redacted>\", \"x\": 1")]
#[case("sent bearer eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl ok", "sent bearer <redacted> ok")]
#[case("token eyJhbGciOiJSUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl", "token <redacted>")]
#[case(
    "https://auth.docker.io/token?account=jo&scope=repository%3Aa&token=x1",
    "https://auth.docker.io/token?account=<redacted>&scope=repository%3Aa&token=<redacted>"
)]
#[case("docker login -u jo --password hunter2 r.example", "docker login -u jo --password <redacted> r.example")]
#[case("{\"auths\":{\"x\":{\"auth\":\"am86cHc=\"}}}", "{\"auths\":{\"x\":{\"auth\":\"<redacted>\"}}}")]
#[case("http://jo:p%40w@127.0.0.1:5000/v2/", "http://<redacted>@127.0.0.1:5000/v2/")]
#[case("nginx@sha256:abc at https://r.example/a@b", "nginx@sha256:abc at https://r.example/a@b")]
#[case("basic authentication is required; bearer token missing", "basic authentication is required; bearer token missing")]
#[case(
    "failed to fetch oauth token: status from GET request to https://auth.docker.io/token",
    "failed to fetch oauth token: status from GET request to https://auth.docker.io/token"
)]
#[case("éé dckr_pat_éé", "éé <redacted>éé")]
#[case(
    "Error running command 'docker login -u bob -p hunter2pass': exit status 1",
    "Error running command 'docker login -u bob -p <redacted>': exit status 1"
)]
#[case("['docker', 'login', '-u', 'bob', '-p', 'hunter2pass']", "['docker', 'login', '-u', 'bob', '-p', '<redacted>']")]
#[case("[\"docker\",\"login\",\"--password\",\"hunter2\",\"r\"]", "[\"docker\",\"login\",\"--password\",\"<redacted>\",\"r\"]")]
#[case("cmd=\"docker login -u b -p \\\"hunter2\\\" r\"", "cmd=\"docker login -u b -p \\\"<redacted>\\\" r\"")]
#[case("docker login -phunter2 -ubob", "docker login -p<redacted> -ubob")]
#[case("docker login -p=hunter2 r", "docker login -p=<redacted> r")]
#[case("docker login r && docker run -p 80:80 nginx", "docker login r && docker run -p 80:80 nginx")]
#[case("docker run -p 8080:80 -u 1000:1000 nginx", "docker run -p 8080:80 -u 1000:1000 nginx")]
#[case("curl -u bob:hunter2 https://r.example", "curl -u <redacted> https://r.example")]
#[case("echo hunter2 | docker login -u bob --password-stdin", "echo <redacted> | docker login -u bob --password-stdin")]
#[case("docker login --password-stdin <<< 'hunter2'", "docker login --password-stdin <<< '<redacted>'")]
#[case(
    "skopeo copy --src-creds bob:hunter2pass --dest-creds=al:hunter3 a b",
    "skopeo copy --src-creds <redacted> --dest-creds=<redacted> a b"
)]
#[case("podman pull --creds=bob:hunter2pass x", "podman pull --creds=<redacted> x")]
#[case("DOCKERHUB_TOKEN=hunter2pass docker pull x", "DOCKERHUB_TOKEN=<redacted> docker pull x")]
#[case("docker run -e DB_PASSWORD=hunt,er&2 -e A=b x", "docker run -e DB_PASSWORD=<redacted> -e A=b x")]
#[case("  DOCKER_PASSWORD: hunter2pass", "  DOCKER_PASSWORD: <redacted>")]
#[case(
    "kubectl create secret docker-registry r --docker-password=hunter2",
    "kubectl create secret docker-registry r --docker-password=<redacted>"
)]
#[case("--from-literal=password=hunter2", "--from-literal=password=<redacted>")]
#[case("docker login --password='hunter 2' r", "docker login --password='<redacted>' r")]
#[case("{'username': 'bob', 'password': 'hunter2'}", "{'username': 'bob', 'password': '<redacted>'}")]
#[case("{\"registryPassword\" : \"hun\\\"ter2\", \"a\":1}", "{\"registryPassword\" : \"<redacted>\", \"a\":1}")]
#[case("{\\\"password\\\": \\\"hunter2\\\"}", "{\\\"password\\\": \\\"<redacted>\\\"}")]
#[case("map[password:hunter2 username:bob]", "map[password:<redacted> username:bob]")]
#[case("password = \"hunter2\"", "password = \"<redacted>\"")]
#[case("{\"token\":null,\"auth\":{\"a\":1}}", "{\"token\":null,\"auth\":{\"a\":1}}")]
#[case("incorrect username or password: unauthorized", "incorrect username or password: unauthorized")]
#[case("getting token: unexpected status: 401", "getting token: unexpected status: 401")]
#[case(
    "Using --password via the CLI is insecure. Use --password-stdin.",
    "Using --password via the CLI is insecure. Use --password-stdin."
)]
#[case("docker build --secret id=npm,src=.npmrc .", "docker build --secret id=npm,src=.npmrc .")]
#[case("map: {\"password\": hunter, 'a_token': 17}", "map: {\"password\": <redacted>, 'a_token': <redacted>}")]
#[case("  \"password\": hunter2", "  \"password\": <redacted>")]
#[case("header \"token\": a8f5f167f44f", "header \"token\": <redacted>")]
#[case("{\\\"x\\\":1,\\\"password\\\":hunter}", "{\\\"x\\\":1,\\\"password\\\":<redacted>}")]
fn secrets_go_and_words_stay(#[case] said: &str, #[case] shown: &str) {
    assert_eq!(redact(said), shown);
}

#[rstest]
#[case("Post \"https://auth.docker.io/token\": x509: certificate signed by unknown authority")]
#[case("Get \"https://gitlab.com/jwt/auth\": EOF")]
#[case("Get \"https://auth.docker.io/token\": unauthorized: incorrect username or password")]
#[case("Get \\\"https://auth.docker.io/token\\\": net/http: TLS handshake timeout")]
#[case("Failed to pull image \"myorg/web-token\": toomanyrequests: You have reached your pull rate limit")]
#[case("Failed to pull image \"registry-auth\": rpc error: code = Unknown")]
#[case("incorrect password: unauthorized")]
#[case("registry_auth: 401 Unauthorized")]
#[case("pod kube-system/bootstrap-token: nginx:1.27 pulled")]
#[case("services.user_auth: ImagePullBackOff")]
fn what_is_no_secret_stays(#[case] said: &str) {
    assert_eq!(redact(said), said);
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

//! The key words: names whose value is a secret, whatever text gives it. One row each, with a text
//! whose value goes (`SECRET` stands for it) and a neighbour that stays as it is.

/// How sure a name alone makes it that its value is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// It is no other thing's name.
    Secret,
    /// Sentences have that word, too.
    Word,
    /// It is the name of other things, too: only an assignment, a parameter or a random value tells.
    Part,
}

/// One key word.
#[derive(Debug)]
pub(super) struct Name {
    /// How the name ends, or all of it.
    pub(super) word: &'static str,
    /// Whether it is all of the name.
    pub(super) whole: bool,
    pub(super) says: Says,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) goes: &'static str,
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) stays: &'static str,
}

const fn ends(word: &'static str, kind: Says, goes: &'static str, kept: &'static str) -> Name {
    Name { word, whole: false, says: kind, goes, stays: kept }
}

const fn whole(word: &'static str, kind: Says, goes: &'static str, kept: &'static str) -> Name {
    Name { word, whole: true, says: kind, goes, stays: kept }
}

use Says::{Part, Secret, Word};

pub(super) const NAMES: &[Name] = &[
    ends("password", Secret, "DB_PASSWORD=SECRET make", "--password-file /run/pw"),
    ends("passwd", Secret, "\"passwd\": \"SECRET\"", "open /etc/passwd: permission denied"),
    ends("passphrase", Secret, "gpg --passphrase SECRET --sign", "passphrase: incorrect"),
    ends("passwort", Secret, "Passwort: SECRET", "Passwort: failed"),
    ends("_pass", Secret, "HUB_PASS=SECRET", "by_pass_cache=on"),
    ends("-pass", Secret, "--hub-pass SECRET r.example", "--bypass"),
    ends("dbpass", Secret, "dbpass=SECRET", "dbpassing 3"),
    ends("_pwd", Secret, "HUB_PWD=SECRET", "PWD=/home/jo/acme"),
    ends("-pwd", Secret, "--hub-pwd SECRET", "--pwdless"),
    whole("pwd", Secret, "?pwd=SECRET", "PWD=/home/jo/acme"),
    whole("oldpwd", Word, "oldpwd=\"SECRET\"", "OLDPWD=/srv/build"),
    ends("_pw", Secret, "DOCKER_PW=SECRET", "DOCKER_PWM=4"),
    ends("-pw", Secret, "--docker-pw SECRET", "--docker-pwm 4"),
    whole("pw", Secret, "pw=SECRET", "pw: connection refused"),
    whole("pass", Word, "--from-literal=pass=SECRET", "--- PASS: TestPull (0.00s)"),
    ends("_psw", Secret, "HUB_CREDS_PSW=SECRET", "HUB_CREDS_USR=jo"),
    whole("psw", Secret, "PSW=SECRET", "psws: 3"),
    ends("_pat", Secret, "DOCKERHUB_PAT=SECRET", "dispatch_path=/srv"),
    ends("-pat", Secret, "--hub-pat SECRET", "--hub-path /srv"),
    whole("pat", Word, "PAT=SECRET", "Pat: toomanyrequests: no"),
    ends("passcode", Secret, "passcode=SECRET", "passcode: required"),
    ends("token", Word, "--token SECRET", "failed to fetch anonymous token: unexpected status"),
    ends("tokens", Part, "?tokens=SECRET", "tokens: 3"),
    ends("secret", Word, "client_secret=SECRET", "imagePullSecret: regcred"),
    ends("creds", Word, "--src-creds jo:SECRET", "creds: not found"),
    ends("cred", Word, "--cred jo:SECRET", "cred: not found"),
    ends("credentials", Word, "--credentials jo:SECRET", "credentials: not found"),
    ends("credential", Word, "x-amz-credential=SECRET", "get credential: not found"),
    ends("apikey", Secret, "apikey=SECRET", "apikey: invalid"),
    ends("api_key", Secret, "API_KEY=SECRET", "api_key: missing"),
    ends("api-key", Secret, "X-Api-Key: SECRET", "api-key: required"),
    ends("accesskey", Secret, "accesskey=SECRET", "accesskey: denied"),
    ends("access_key", Secret, "access_key=SECRET", "access_key: denied"),
    ends("access-key", Secret, "--access-key SECRET", "access-key: denied"),
    ends("secretkey", Secret, "secretkey=SECRET", "secretkey: unknown"),
    ends("secret_key", Secret, "secret_key=SECRET", "secret_key: unknown"),
    ends("secret-key", Secret, "--secret-key SECRET", "secret-key: unknown"),
    ends("secretaccesskey", Secret, "SecretAccessKey: SECRET", "secretaccesskey: unknown"),
    ends("privatekey", Secret, "privatekey=SECRET", "privatekey: missing"),
    ends("private_key", Secret, "private_key=SECRET", "private_key: missing"),
    ends("private-key", Secret, "--private-key SECRET", "private-key: missing"),
    ends("encryptionkey", Secret, "encryptionkey=SECRET", "encryptionkey: missing"),
    ends("encryption_key", Secret, "ENCRYPTION_KEY=SECRET", "encryption_key: missing"),
    ends("signing_key", Secret, "SIGNING_KEY=SECRET", "signing_key: missing"),
    ends("master_key", Secret, "MASTER_KEY=SECRET", "master_key: missing"),
    ends("accountkey", Secret, "AccountKey=SECRET", "accountkey: missing"),
    ends("sharedaccesskey", Secret, "SharedAccessKey=SECRET", "sharedaccesskey: missing"),
    ends("subscription-key", Secret, "subscription-key: SECRET", "subscription-key: missing"),
    ends("_key", Part, "REGISTRY_KEY=SECRET", "CACHE_KEY=linux-x64-42"),
    whole("key", Part, "?key=SECRET", "key=node.kubernetes.io/disk-pressure"),
    ends("_auth", Word, "registry_auth=SECRET", "registry_auth: 401 Unauthorized"),
    ends("_authtoken", Secret, "//r.example/:_authToken=SECRET", "_authtoken: missing"),
    whole("auth", Word, "{\"auth\":\"SECRET\"}", "auth: acme/auth:1.2.3 not found"),
    whole("signature", Word, "?signature=SECRET", "signature: invalid"),
    whole("x-amz-signature", Secret, "?X-Amz-Signature=SECRET", "x-amz-signature: missing"),
    whole("x-goog-signature", Secret, "?X-Goog-Signature=SECRET", "x-goog-signature: missing"),
    whole("x-goog-credential", Secret, "?X-Goog-Credential=SECRET", "x-goog-credential: no"),
    whole("sig", Word, "?sig=SECRET", "sig: SIGTERM"),
    whole("account", Part, "?account=SECRET", "account: jo"),
    whole("jwt", Word, "?jwt=SECRET", "https://gitlab.com/jwt/auth: EOF"),
    whole("assertion", Part, "?assertion=SECRET", "assertion: failed"),
    whole("code_verifier", Secret, "?code_verifier=SECRET", "code_verifier: missing"),
    whole("x-jfrog-art-api", Secret, "X-JFrog-Art-Api: SECRET", "x-jfrog-art-api: missing"),
    whole("x-registry-auth", Secret, "X-Registry-Auth: SECRET", "x-registry-auth: missing"),
    whole("x-registry-config", Secret, "X-Registry-Config: SECRET", "x-registry-config: missing"),
    whole(".dockerconfigjson", Secret, ".dockerconfigjson: SECRET", ".dockerconfigjson: missing"),
    whole("dockerconfigjson", Secret, "dockerconfigjson=SECRET", "dockerconfigjson: invalid"),
    whole(".dockercfg", Secret, ".dockercfg: SECRET", ".dockercfg: not found"),
    ends("docker_auth_config", Secret, "DOCKER_AUTH_CONFIG=SECRET", "docker_auth_config: missing"),
];

//! Tables of what ECR takes and refuses, after the patterns of its service model.

use super::*;

fn wanted() -> Wanted {
    Wanted {
        account: "123456789012".into(),
        region: "eu-central-1".into(),
        prefix: "docker-hub".into(),
        upstream: "docker-hub".into(),
        ..Wanted::default()
    }
}

fn refused(wanted: Wanted) -> String {
    Request::parse(wanted).map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
fn prefixes_follow_the_services_grammar() {
    let long = "a".repeat(30);
    for good in
        ["ab", "docker-hub", "team/hub", "a/", "ROOT", "a__b", "a---b", "a.b_c/d", "1a", &long]
    {
        let wanted = Wanted { prefix: good.into(), ..wanted() };
        assert_eq!(refused(wanted), "", "{good}");
    }
    let long = "a".repeat(31);
    for bad in [
        "",
        "a",
        "Docker",
        "root",
        "a..b",
        "a._b",
        "a___b",
        "-a",
        "a-",
        "a//b",
        "/a",
        "a b",
        "ROOT/",
        "hub/ROOT",
        "a//",
        "docker.io/",
        "é1",
        &long,
    ] {
        let answer = refused(Wanted { prefix: bad.into(), ..wanted() });
        // A lower-case root is a name like any other, and so is a host.
        let fine = ["root", "docker.io/"].contains(&bad);
        assert_eq!(answer.starts_with("--prefix"), !fine, "{bad}: {answer}");
    }
}

#[test]
fn accounts_and_regions_are_looked_at_first() {
    for account in ["", "12345678901", "1234567890123", "12345678901a", "１２３４５６７８９０１２"]
    {
        assert!(refused(Wanted { account: account.into(), ..wanted() }).contains("twelve digits"));
    }
    for region in WITHOUT_RULES {
        let answer = refused(Wanted { region: region.into(), ..wanted() });
        assert!(answer.contains("no pull through cache rules"), "{answer}");
    }
    for region in ["", "frankfurt", "eu-central", "EU-CENTRAL-1", "us-east-1a", "us-iso-east-1"] {
        assert_ne!(refused(Wanted { region: region.into(), ..wanted() }), "", "{region}");
    }
    for region in ["us-east-1", "mx-central-1", "eusc-de-east-1", "il-central-1", "ap-southeast-5"]
    {
        assert_eq!(refused(Wanted { region: region.into(), ..wanted() }), "", "{region}");
    }
}

#[test]
fn a_secret_is_named_or_given_by_an_arn_of_the_same_account_and_region() {
    let arn =
        "arn:aws:secretsmanager:eu-central-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf";
    for good in [arn, &arn.replace("aws:", "aws-eusc:"), "ecr-pullthroughcache/a/b@c"] {
        assert_eq!(refused(Wanted { secret: Some(good.into()), ..wanted() }), "", "{good}");
    }
    for bad in [
        "docker-hub",
        "ecr-pullthroughcache/",
        "ecr-pullthroughcache/a b",
        "ecr-pullthroughcache/é",
        &arn.replace("ecr-pullthroughcache", "other"),
        &arn.replace("123456789012", "210987654321"),
        &arn.replace("eu-central-1", "us-east-1"),
        &arn.replace("secretsmanager", "ssm"),
        &arn.replace("arn:aws", "arn:azure"),
        &arn.replace("arn:aws", "arn:aws-"),
        &format!("{arn}*"),
        &format!("{arn}{}", "x".repeat(600)),
        "arn:aws:secretsmanager",
    ] {
        let answer = refused(Wanted { secret: Some(bad.into()), ..wanted() });
        assert!(answer.starts_with("--secret"), "{bad}: {answer}");
    }
    let named = Request::parse(Wanted { prefix: "team/hub/".into(), ..wanted() }).unwrap();
    assert_eq!(named.secret, Some(Secret::Named("ecr-pullthroughcache/team/hub".into())));
}

#[test]
fn each_upstream_has_its_host_and_login() {
    let of = |upstream: &str, url: &str| Wanted {
        upstream: upstream.into(),
        upstream_url: Some(url.to_owned()).filter(|url| !url.is_empty()),
        ..wanted()
    };
    let good = [
        ("docker-hub", "", "registry-1.docker.io"),
        ("docker-hub", "registry-1.docker.io", "registry-1.docker.io"),
        ("ecr-public", "", "public.ecr.aws"),
        ("quay", "", "quay.io"),
        ("k8s", "", "registry.k8s.io"),
        ("github-container-registry", "", "ghcr.io"),
        ("gitlab-container-registry", "", "registry.gitlab.com"),
        ("chainguard", "", "cgr.dev"),
        ("azure-container-registry", "shop1.azurecr.io", "shop1.azurecr.io"),
        (
            "ecr",
            "210987654321.dkr.ecr.us-east-1.amazonaws.com",
            "210987654321.dkr.ecr.us-east-1.amazonaws.com",
        ),
    ];
    for (upstream, url, host) in good {
        let request = Request::parse(of(upstream, url)).unwrap();
        assert_eq!(request.upstream_url, host);
        assert_eq!(request.secret.is_some(), request.upstream.login == Login::Secret, "{upstream}");
    }
    for (upstream, url) in [
        ("dockerhub", ""),
        ("docker-hub", "docker.io"),
        ("docker-hub", "index.docker.io"),
        ("docker-hub", "https://registry-1.docker.io"),
        ("azure-container-registry", ""),
        ("azure-container-registry", "a.azurecr.io"),
        ("azure-container-registry", "shop1.azurecr.cn"),
        ("ecr", ""),
        ("ecr", "public.ecr.aws"),
        ("ecr", "210987654321.dkr.ecr-fips.us-east-1.amazonaws.com"),
    ] {
        assert!(refused(of(upstream, url)).starts_with("--upstream"), "{upstream} {url}");
    }
    assert!(
        refused(Wanted { secret: Some("ecr-pullthroughcache/x".into()), ..of("quay", "") })
            .starts_with("--secret is for")
    );
}

#[test]
fn roles_prefixes_and_pullers_are_checked() {
    let ecr = || Wanted {
        upstream: "ecr".into(),
        upstream_url: Some("210987654321.dkr.ecr.us-east-1.amazonaws.com".into()),
        ..wanted()
    };
    let role = "arn:aws:iam::210987654321:role/path/reader";
    assert_eq!(
        refused(Wanted { role: Some(role.into()), upstream_prefix: Some("base".into()), ..ecr() }),
        ""
    );
    for bad in [
        "reader",
        "arn:aws:iam::210987654321:user/x",
        "arn:aws:iam::2109:role/x",
        "arn:aws:iam::210987654321:role/",
    ] {
        assert!(
            refused(Wanted { role: Some(bad.into()), ..ecr() }).starts_with("--role-arn"),
            "{bad}"
        );
    }
    assert!(
        refused(Wanted { role: Some(role.into()), ..wanted() }).starts_with("--role-arn is for")
    );
    let rooted = Wanted { prefix: ROOT.into(), upstream_prefix: Some("base".into()), ..ecr() };
    assert!(refused(rooted).contains("beside --prefix ROOT"));
    let pullers =
        ["123456789012", "arn:aws:iam::123456789012:role/node", "arn:aws:iam::123456789012:root"];
    let request =
        Request::parse(Wanted { pullers: pullers.map(String::from).to_vec(), ..wanted() }).unwrap();
    assert_eq!(request.pullers.first().unwrap(), "arn:aws:iam::123456789012:root");
    for bad in ["*", "node", "arn:aws:iam::123456789012:group/x", "arn:aws:s3:::bucket"] {
        assert!(
            refused(Wanted { pullers: vec![bad.into()], ..wanted() }).starts_with("--puller"),
            "{bad}"
        );
    }
}

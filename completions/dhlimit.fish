# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_dhlimit_global_optspecs
    string join \n q/quiet v/verbose color= config= h/help V/version
end

function __fish_dhlimit_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_dhlimit_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_dhlimit_using_subcommand
    set -l cmd (__fish_dhlimit_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c dhlimit -n "__fish_dhlimit_needs_command" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_needs_command" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_needs_command" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -s V -l version -d 'Print version'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "check" -d 'Read the pull limit: one reading per identity and image. Costs nothing'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "watch" -d 'Read the pull limit again and again: a live view, or one line per reading'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "serve" -d 'Read the pull limit at an interval and serve it: metrics, a page, JSON'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "fleet" -d 'Ask Prometheus about all nodes: which share a count, what is left, which report nothing'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "stress" -d 'Pull and delete an image until Docker Hub answers 429, and show the count fall'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "report" -d 'Show recordings as a chart and summary: text, JSON, SVG or one HTML page'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "explain" -d 'Say which failure each line of a log is, and what to do about it'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "doctor" -d 'Say which login, which count and which mirror a pull uses, and what is misconfigured'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "plan" -d 'Say whether a rollout fits: nodes and images against the limit, strategies compared'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "scan" -d 'Find every image named in files: whether Docker Hub counts it, as whom, how many pulls'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "mirror" -d 'Put a cache or private copies in front of Docker Hub'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "sandbox" -d 'Run a local registry that behaves like Docker Hub, to practise on'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "gate" -d 'Say by exit code whether enough pulls are left: for pipelines; can wait, can run a command'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c dhlimit -n "__fish_dhlimit_needs_command" -f -a "man" -d 'Print the manual page'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -s o -l output -d 'How to show the answer [default: table on a terminal, plain elsewhere]' -r -f -a "table\t'For people, as wide as the terminal'
plain\t'One line per item, no decoration'
json\t'One JSON document'
jsonl\t'One JSON document per line'
prometheus\t'Prometheus text format'
nagios\t'Monitoring Plugins (Nagios, Icinga): one line, perfdata, exit codes 0 to 3'
github\t'GitHub Actions: annotations and a job summary'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l format -d 'Show each reading through a template such as \'{remaining}/{limit}\'; the names are the JSON keys' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -s w -l warning -d 'Warn when fewer pulls remain: a number, or a percentage of the limit such as 20%' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -s c -l critical -d 'Fail with exit code 1 (with -o nagios: 2) when fewer pulls remain' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l timeout -d 'Time limit for one reading (check: for all of them), such as 10s' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l registry-url -d 'Ask this URL instead of docker.io\'s registry, such as http://127.0.0.1:5000' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l auth-url -d 'Ask this URL instead of docker.io\'s token service' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l ca-cert -d 'Trust the certificates in this PEM file, too' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l family -d 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart' -r -f -a "auto\t'Whichever connects'
ipv4\t'IPv4 only'
ipv6\t'IPv6 only'
both\t'Both, one reading each'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l user -d 'Ask as this account' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l password-file -d 'Read the password or access token of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l sandbox -d 'Ask a simulated Docker Hub, started on this machine for this one command, not the real one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l anonymous -d 'Ask without credentials'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l password-stdin -d 'Read the password or access token of --user from standard input'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -l all-identities -d 'Ask as every identity known here: anonymous and each account'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -s i -l interval -d 'Fixed time between two readings of an identity [default: a 60th of the window, 10s to 5m, slower while nothing moves; 1s on loopback]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -s o -l output -d 'How to show readings [default: table, a live view, on a terminal; plain elsewhere]' -r -f -a "table\t'For people, as wide as the terminal'
plain\t'One line per item, no decoration'
jsonl\t'One JSON document per line'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l until -d 'Stop when so many pulls or fewer are left' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l for -d 'Stop after this long' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l drop -d 'Call it an event when more than this many pulls are gone from one reading to the next [default: a tenth of the limit]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l on-change -d 'Run this by `sh -c` when a count, a state or a source changes: the sample as JSON on standard input, DHLIMIT_EVENT_* variables' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l record -d 'Append every sample to this file, one JSON document per line, before it is shown' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l rotate-size -d 'Begin a new file of the recording before it grows larger than this, such as 10MB' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l traffic -d 'With --sandbox: the simulated pulls, such as steady:2000/h, bursty:1/s, falling or rising' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l timeout -d 'Time limit for one reading (check: for all of them), such as 10s' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l registry-url -d 'Ask this URL instead of docker.io\'s registry, such as http://127.0.0.1:5000' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l auth-url -d 'Ask this URL instead of docker.io\'s token service' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l ca-cert -d 'Trust the certificates in this PEM file, too' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l family -d 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart' -r -f -a "auto\t'Whichever connects'
ipv4\t'IPv4 only'
ipv6\t'IPv6 only'
both\t'Both, one reading each'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l user -d 'Ask as this account' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l password-file -d 'Read the password or access token of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l sandbox -d 'Ask a simulated Docker Hub, started on this machine for this one command, not the real one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l force-interval -d 'Allow an --interval below 10s for Docker Hub, down to 1s'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l until-empty -d 'Stop when no pull is left'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l until-full -d 'Stop when all pulls are back'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l rotate-daily -d 'Begin a new file of the recording every day (UTC)'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l anonymous -d 'Ask without credentials'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l password-stdin -d 'Read the password or access token of --user from standard input'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -l all-identities -d 'Ask as every identity known here: anonymous and each account'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l listen -d 'Listen here; port 0 is a free one; repeatable' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -s i -l interval -d 'From one reading of an identity to the next [default: a 60th of the window, 10s to 5m, slower while nothing moves]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l record -d 'Append every sample to this file, one JSON document per line, and begin with what is in it' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l history -d 'Keep the counts over time for this long [default: as long as there is room]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l compat -d 'Serve the metrics under the names of another exporter, too' -r -f -a "jadolg\t'jadolg/dockerhub-pull-limit-exporter'
drl\t'kha7iq/drl-exporter'
gitlab\t'gitlab-de/docker-hub-limit-exporter, and viadee\'s'
grafzahl\t'nk-designz/grafzahl'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l tls-cert -d 'Serve TLS with this certificate chain (PEM file)' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l tls-key -d 'The key of --tls-cert, PEM' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l auth-file -d 'Require a login from this file, lines USER:PASSWORD or `Bearer TOKEN`; /healthz and /readyz stay open' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l timeout -d 'Time limit for one reading (check: for all of them), such as 10s' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l registry-url -d 'Ask this URL instead of docker.io\'s registry, such as http://127.0.0.1:5000' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l auth-url -d 'Ask this URL instead of docker.io\'s token service' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l ca-cert -d 'Trust the certificates in this PEM file, too' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l family -d 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart' -r -f -a "auto\t'Whichever connects'
ipv4\t'IPv4 only'
ipv6\t'IPv6 only'
both\t'Both, one reading each'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l user -d 'Ask as this account' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l password-file -d 'Read the password or access token of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l sandbox -d 'Ask a simulated Docker Hub, started on this machine for this one command, not the real one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l force-interval -d 'Allow an --interval below 10s for Docker Hub, down to 1s'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l observe -d 'Listen to this machine\'s containerd, Docker, Podman and journal, too: what they pull and what is refused'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l anonymous -d 'Ask without credentials'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l password-stdin -d 'Read the password or access token of --user from standard input'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -l all-identities -d 'Ask as every identity known here: anonymous and each account'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l prometheus -d 'The server, such as http://prometheus:9090; what stands before /api/v1' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l match -d 'Only series with these labels, such as \'cluster="eu",job="dhlimit"\'' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l by -d 'What makes a group' -r -f -a "source\t'Whom the registry counts: an address, an account'
account\t'As whom is asked'
node\t'Each node by itself'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l need -d 'Pulls that every group must have left' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l watch -d 'Look again every minute, or as often as this' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l hub-csv -d 'The usage CSV from Docker Hub\'s usage page: pulls by repository, token, user, address' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l bearer-file -d 'Read a bearer token for the server from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l user -d 'Log in to the server as this user' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l password-file -d 'Read the password of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l cert -d 'Send this client certificate chain to the server (PEM file)' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l key -d 'The key of --cert, PEM' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l ca-cert -d 'Trust the certificates in this PEM file, too' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l timeout -d 'Bound on each look, such as 10s' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -s o -l output -d 'How to show the answer [default: table]' -r -f -a "table\t'For people, as wide as the terminal'
json\t'One JSON document'
jsonl\t'One JSON document per line'
prometheus\t'Prometheus text format'
nagios\t'Monitoring Plugins (Nagios, Icinga): one line, perfdata, exit codes 0 to 3'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -l spenders -d 'Say who spends the pulls, from series that people already have: kube-state-metrics, kubelet, containerd, dockerd, Spegel'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand fleet" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -s r -l runtime -d 'What pulls: a container runtime, or builtin, which needs none' -r -f -a "builtin\t''
nerdctl\t''
lima\t''
docker\t''
podman\t''
ctr\t''
crictl\t''
finch\t''
colima\t''
skopeo\t''
crane\t''"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l count -d 'Stop after this many pulls' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l floor -d 'Stop when only this many pulls are left' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l for -d 'Stop after this long' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l interval -d 'Time between the starts of two rounds [default: 2s, on loopback 0s; the least elsewhere is 1s]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l pause -d 'From a removal to the next pull [default: what the runtime needs]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l parallel -d 'Number of parallel pulls (builtin only)' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l report -d 'Also write the report to this file, as JSON' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -s o -l output -d 'How to show the answer [default: table on a terminal, plain elsewhere]' -r -f -a "table\t'For people, as wide as the terminal'
plain\t'One line per item, no decoration'
json\t'One JSON document'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l namespace -d 'containerd\'s namespace (nerdctl, ctr, lima, finch, colima)' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l address -d 'The daemon\'s socket or URL' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l instance -d 'The virtual machine: Lima\'s instance, colima\'s profile' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l platform -d 'The platform to pull, such as linux/arm64' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l hosts-dir -d 'A folder of containerd hosts.toml files (nerdctl, ctr)' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l timeout -d 'Time limit for one reading (check: for all of them), such as 10s' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l registry-url -d 'Ask this URL instead of docker.io\'s registry, such as http://127.0.0.1:5000' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l auth-url -d 'Ask this URL instead of docker.io\'s token service' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l ca-cert -d 'Trust the certificates in this PEM file, too' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l family -d 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart' -r -f -a "auto\t'Whichever connects'
ipv4\t'IPv4 only'
ipv6\t'IPv6 only'
both\t'Both, one reading each'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l user -d 'Ask as this account' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l password-file -d 'Read the password or access token of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l sandbox -d 'Ask a simulated Docker Hub, started on this machine for this one command, not the real one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l blobs -d 'Also fetch the layers (builtin only)'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l until-recovered -d 'After the 429, read the limit (HEAD only) until the count is full again, and say how it came back'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l no-live -d 'Show a bar or lines instead of the live view'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -s y -l yes -d 'Do not ask for confirmation'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l anonymous -d 'Ask without credentials'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l password-stdin -d 'Read the password or access token of --user from standard input'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -l all-identities -d 'Ask as every identity known here: anonymous and each account'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand stress" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand report" -s o -l output -d 'How to show them [default: by the ending of --out (.html, .svg, .json, .txt), or else table]' -r -f -a "table\t'For people, as wide as the terminal'
json\t'One JSON document'
svg\t'A drawing, SVG'
html\t'One self-contained page'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand report" -l out -d 'Write to this file instead of standard output; never over a recording' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand report" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand report" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand report" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand report" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand explain" -s o -l output -d 'How to show the answer; plain and jsonl show each failure when it is found [default: table on a terminal, plain elsewhere]' -r -f -a "table\t'For people, as wide as the terminal'
plain\t'One line per item, no decoration'
json\t'One JSON document'
jsonl\t'One JSON document per line'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand explain" -l format -d 'Show each failure through a template such as \'{line}: {class}\'; the names are the JSON keys' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand explain" -l fail-on -d 'End with exit code 1 if a failure of one of these classes is found' -r -f -a "any\t''
pull_limit\t''
overall_limit\t''
login_limit\t''
other_registry_limit\t''
limit_unspecified\t''
credentials\t''
denied\t''
not_found\t''
network\t''
server\t''
disk_full\t''
runtime_down\t''
blocked\t''"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand explain" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand explain" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand explain" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand explain" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l kubernetes -d 'Say which login the kubelet would use from this: a .dockerconfigjson, a Secret as YAML or JSON, or a list of them; - is standard input' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l explain -d 'Explain a finding: what it is, how to see it, how to repair it' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -s o -l output -d 'How to show the answer [default: table on a terminal, plain elsewhere]' -r -f -a "table\t'For people, as wide as the terminal'
plain\t'One line per item, no decoration'
json\t'One JSON document'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l timeout -d 'Time limit for one reading (check: for all of them), such as 10s' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l registry-url -d 'Ask this URL instead of docker.io\'s registry, such as http://127.0.0.1:5000' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l auth-url -d 'Ask this URL instead of docker.io\'s token service' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l ca-cert -d 'Trust the certificates in this PEM file, too' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l family -d 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart' -r -f -a "auto\t'Whichever connects'
ipv4\t'IPv4 only'
ipv6\t'IPv6 only'
both\t'Both, one reading each'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l user -d 'Ask as this account' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l password-file -d 'Read the password or access token of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l sandbox -d 'Ask a simulated Docker Hub, started on this machine for this one command, not the real one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l strict -d 'End with exit code 1 if something is an error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l anonymous -d 'Ask without credentials'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l password-stdin -d 'Read the password or access token of --user from standard input'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -l all-identities -d 'Ask as every identity known here: anonymous and each account'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l nodes -d 'How many nodes pull' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l runs-per-day -d 'Instead of nodes, a CI: runs a day, evenly spread' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l jobs -d 'The jobs of a run, which begin together, each on a runner without the images' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l images -d 'How many images each node pulls' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l image -d 'An image that each node pulls; repeatable' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l from -d 'The images that each node pulls: a list with one per line, what `dhlimit scan -o json` wrote, or a file or folder to scan; - is standard input' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l cost -d 'What a pull of an image costs of the limit' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l pull-time -d 'How long a pull takes' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l arrival -d 'When the nodes arrive: at-once, or rolling:K/D for K nodes every D, such as rolling:5/30s' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l strategy -d 'How the pulls are spread (list: --help); repeatable [default: all are compared]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l law -d 'How the count recovers; all: the range over the three' -r -f -a "sliding\t'Each pull comes back one window after it was made'
fixed\t'The first pull opens a window; all of it comes back when that ends'
bucket\t'Pulls come back one by one, evenly'
all\t'Each of the three'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l limit -d 'Pulls in a window for every identity [default: the policy\'s]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l window -d 'The window the limit counts over, such as 6h [default: the policy\'s]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l policy -d 'Whose limits: docker-hub, or docker-hub@YYYY-MM-DD for those of a day' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l horizon -d 'How much time to simulate [default: ten windows]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l background -d 'What others pull meanwhile: a recording of `dhlimit watch --record`, over and over' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l warm -d 'Nodes that have the images already' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l parallel -d 'How many images a node pulls at once' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l kubelet-qps -d 'Pulls per second that a kubelet allows (registryPullQPS); those above it wait as after a 429' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l kubelet-burst -d 'Pulls that a node\'s kubelet lets out at once (registryBurst) [default: 10]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l solve -d 'Find the most (for interval: the least) that meets no 429' -r -f -a "nodes\t'The most nodes'
surge\t'The most nodes that arrive together'
interval\t'The shortest time from one batch to the next'
concurrency\t'The most nodes that pull at a time, the next when one is done; of a CI the jobs of a run'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -s o -l output -d 'How to show the answer' -r -f -a "table\t'For people, as wide as the terminal'
json\t'One JSON document'
svg\t'A drawing, SVG'
html\t'One self-contained page'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l timeout -d 'Time limit for one reading (check: for all of them), such as 10s' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l registry-url -d 'Ask this URL instead of docker.io\'s registry, such as http://127.0.0.1:5000' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l auth-url -d 'Ask this URL instead of docker.io\'s token service' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l ca-cert -d 'Trust the certificates in this PEM file, too' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l family -d 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart' -r -f -a "auto\t'Whichever connects'
ipv4\t'IPv4 only'
ipv6\t'IPv6 only'
both\t'Both, one reading each'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l user -d 'Ask as this account' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l password-file -d 'Read the password or access token of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l sandbox -d 'Ask a simulated Docker Hub, started on this machine for this one command, not the real one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l by-replicas -d 'Images of --from are pulled only where their pods run: replicas of a Deployment, each node of a DaemonSet'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l from-reading -d 'Start from what is left now, by a HEAD as every identity known here'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l prove -d 'Replay the plan by real pulls on a sandbox'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l anonymous -d 'Ask without credentials'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l password-stdin -d 'Read the password or access token of --user from standard input'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -l all-identities -d 'Ask as every identity known here: anonymous and each account'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l context -d 'The context of kubectl, instead of the current one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -s n -l namespace -d 'One namespace of the cluster, instead of all' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l as -d 'Read all files as this kind, such as dockerfile, compose or kubernetes' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l arg -d 'Set a variable; overrides the value in files; repeatable' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l env-file -d 'Variables for Compose files instead of .env; repeatable' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l profile -d 'Count services behind this Compose profile and no other; repeatable [default: all]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l platform -d 'A platform that is pulled; repeatable' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l runners -d 'How many CI runners keep what they pulled [default: each job starts on a new machine]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l nodes -d 'How many machines or nodes pull what CI jobs do not' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l exclude -d 'Leave out files that match; repeatable' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l rule -d 'How bad a rule\'s findings are: off, info, warning or error; repeatable' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l allow -d 'An image that all rules ignore, and why; docker.io/acme/* for all with that prefix; repeatable' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l explain -d 'Show what a rule means and what to do, and nothing else' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l by -d 'Show totals by registry or identity, not each reference' -r -f -a "registry\t'The registry that an image comes from'
identity\t'Whom Docker Hub counts a pull on'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l fail-on -d 'End with exit code 1 if a finding is as bad as this, or worse' -r -f -a "info\t''
warning\t''
error\t''"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -s o -l output -d 'How to show the answer [default: table on a terminal, plain elsewhere]' -r -f -a "table\t'For people, as wide as the terminal'
plain\t'One line per item, no decoration'
json\t'One JSON document'
jsonl\t'One JSON document per line'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'GitHub Actions: annotations and a job summary'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l cluster -d 'What runs in the cluster that kubectl knows: each image once on each node'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l host -d 'The containers of this machine, by docker, nerdctl, podman and crictl'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -l no-ignore -d 'Read what .gitignore names, too'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand scan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and not __fish_seen_subcommand_from rewrite ecr setup copy verify secret" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and not __fish_seen_subcommand_from rewrite ecr setup copy verify secret" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and not __fish_seen_subcommand_from rewrite ecr setup copy verify secret" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and not __fish_seen_subcommand_from rewrite ecr setup copy verify secret" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and not __fish_seen_subcommand_from rewrite ecr setup copy verify secret" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and not __fish_seen_subcommand_from rewrite ecr setup copy verify secret" -f -a "rewrite" -d 'Move the image references in files behind a mirror, and back'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and not __fish_seen_subcommand_from rewrite ecr setup copy verify secret" -f -a "ecr" -d 'Put Amazon ECR in front of Docker Hub: a pull-through cache rule with all it needs'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and not __fish_seen_subcommand_from rewrite ecr setup copy verify secret" -f -a "setup" -d 'Show the files that make a runtime ask a mirror before Docker Hub'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and not __fish_seen_subcommand_from rewrite ecr setup copy verify secret" -f -a "copy" -d 'Copy images into a registry of your own, at the pace that the limit allows'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and not __fish_seen_subcommand_from rewrite ecr setup copy verify secret" -f -a "verify" -d 'Prove that a mirror is used: the same images, and Docker Hub\'s count does not move'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and not __fish_seen_subcommand_from rewrite ecr setup copy verify secret" -f -a "secret" -d 'Write a pull secret for Kubernetes under the key that the kubelet uses'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l to -d 'The mirror: its host, and the path that its images are below' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l form -d 'The form of the cache\'s names [default: what the host tells, else generic]' -r -f -a "ecr\t'HOST/PREFIX/library/nginx'
artifact-registry\t'HOST/PROJECT/REPOSITORY/library/nginx'
acr\t'HOST/TARGET/library/nginx'
harbor\t'HOST/PROJECT/library/nginx'
distribution\t'HOST/library/nginx'
gitlab\t'HOST/GROUP/dependency_proxy/containers/nginx'
generic\t'HOST/PREFIX/library/nginx'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l from -d 'The registry whose references are moved; repeatable [default: docker.io]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l as-variable -d 'Put a variable before the names, empty until you set it: ARG NAME= and ${NAME}library/nginx' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l record -d 'File that records longer spellings of names, for --reverse [default: .dhlimit-rewrite.json in PATH]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l as -d 'Read all files as this kind, such as dockerfile, compose or kubernetes' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l exclude -d 'Leave out files that match; repeatable' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -s o -l output -d 'How to show it' -r -f -a "plain\t'One line per item, no decoration'
json\t'One JSON document'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l diff -d 'Show a diff and change nothing; what is done without --check and --write'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l check -d 'Say which files would change; end with exit code 1 if any would'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l write -d 'Write the files, each whole or not at all'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l reverse -d 'Bring the references back from the mirror'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -l no-ignore -d 'Read what .gitignore names, too'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from rewrite" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l account -d 'The account whose registry it is: twelve digits' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l region -d 'The registry\'s region, such as eu-central-1' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l prefix -d 'What the cached repositories begin with; ROOT for every repository without a rule of its own' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l upstream -d 'In front of what: docker-hub, ecr, ecr-public, quay, k8s, github-container-registry, azure-container-registry, gitlab-container-registry or chainguard' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l upstream-url -d 'The upstream registry\'s host, if its name leaves that open: NAME.azurecr.io, another ECR' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l upstream-prefix -d 'The part of another ECR to cache' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l secret -d 'The secret with the login: a name to make it under, or the ARN of one [default: ecr-pullthroughcache/PREFIX]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l role-arn -d 'The role by which ECR reads the ECR of another account' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l puller -d 'An account or ARN that may import images by the registry\'s policy; repeatable' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l user -d 'The account at the upstream registry [default: the login found here]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l password-file -d 'Read the access token of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l print -d 'Print the setup in this form, and call nobody [default: shell]' -r -f -a "shell\t'A POSIX shell script that can be run again'
terraform\t'Terraform'
cloudformation\t'CloudFormation'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l call-timeout -d 'How long each call may take' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -s o -l output -d 'How to show what was done' -r -f -a "table\t'For people, as wide as the terminal'
plain\t'One line per item, no decoration'
json\t'One JSON document'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l password-stdin -d 'Read the access token of --user from standard input'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l apply -d 'Make what is missing and change what differs'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l check -d 'Say what is there, and end with exit code 1 if something is missing or different'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l remove -d 'Delete the rule, its template and its secret; cached images stay'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l replace -d 'Replace a rule of this prefix that is in front of another registry'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -l yes -d 'Do not ask for confirmation'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from ecr" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from setup" -l to -d 'The mirror: https://HOST/PREFIX, with a port if it has one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from setup" -s o -l output -d 'How to show it' -r -f -a "plain\t'One line per item, no decoration'
json\t'One JSON document'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from setup" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from setup" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from setup" -l no-fallback -d 'Never ask Docker Hub if the mirror fails: the pull fails, too'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from setup" -l login -d 'The mirror needs a login: show where to put it'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from setup" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from setup" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l from -d 'Take the images from this file: one per line, or what `dhlimit scan -o json` wrote; - is standard input' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l tool -d 'Which tool copies [default: the first that is installed]' -r -f -a "crane\t'crane: every platform, from registry to registry'
skopeo\t'skopeo: every platform, from registry to registry'
nerdctl\t'nerdctl: every platform, through containerd\'s store'
docker\t'docker: one platform, through its store'
podman\t'podman: one platform, through its store'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l platform -d 'Copy this platform alone, such as linux/arm64; all for every one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l floor -d 'How many pulls to leave for others' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l state -d 'Record what was copied in this file; the next run continues from it' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l ecr-login -d 'Log in at the destination with `aws ecr get-login-password` for this region [default: the host\'s, if it is ECR\'s and no login is found]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -s o -l output -d 'How to show what was done' -r -f -a "table\t'For people, as wide as the terminal'
plain\t'One line per item, no decoration'
json\t'One JSON document'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l timeout -d 'Time limit for one reading (check: for all of them), such as 10s' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l registry-url -d 'Ask this URL instead of docker.io\'s registry, such as http://127.0.0.1:5000' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l auth-url -d 'Ask this URL instead of docker.io\'s token service' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l ca-cert -d 'Trust the certificates in this PEM file, too' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l family -d 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart' -r -f -a "auto\t'Whichever connects'
ipv4\t'IPv4 only'
ipv6\t'IPv6 only'
both\t'Both, one reading each'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l user -d 'Ask as this account' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l password-file -d 'Read the password or access token of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l sandbox -d 'Ask a simulated Docker Hub, started on this machine for this one command, not the real one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l anonymous -d 'Ask without credentials'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l password-stdin -d 'Read the password or access token of --user from standard input'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -l all-identities -d 'Ask as every identity known here: anonymous and each account'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from copy" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l through -d 'The mirror: its host, and the path in front of the repositories' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l platform -d 'A platform to pull, such as linux/arm64; repeatable; all for every one [default: this machine\'s]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -s o -l output -d 'How to show the answer' -r -f -a "table\t'For people, as wide as the terminal'
plain\t'One line per item, no decoration'
json\t'One JSON document'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l timeout -d 'Time limit for one reading (check: for all of them), such as 10s' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l registry-url -d 'Ask this URL instead of docker.io\'s registry, such as http://127.0.0.1:5000' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l auth-url -d 'Ask this URL instead of docker.io\'s token service' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l ca-cert -d 'Trust the certificates in this PEM file, too' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l family -d 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart' -r -f -a "auto\t'Whichever connects'
ipv4\t'IPv4 only'
ipv6\t'IPv6 only'
both\t'Both, one reading each'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l user -d 'Ask as this account' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l password-file -d 'Read the password or access token of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l sandbox -d 'Ask a simulated Docker Hub, started on this machine for this one command, not the real one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l anonymous -d 'Ask without credentials'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l password-stdin -d 'Read the password or access token of --user from standard input'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -l all-identities -d 'Ask as every identity known here: anonymous and each account'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from secret" -s n -l namespace -d 'Its namespace [default: the one that kubectl uses]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from secret" -l patch-service-account -d 'Make the pods of this service account use it, too' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from secret" -l user -d 'The account [default: the one that a pull from here is counted on]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from secret" -l password-file -d 'Read the password or access token of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from secret" -s o -l output -d 'The form of the Secret' -r -f -a "yaml\t'YAML'
json\t'JSON'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from secret" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from secret" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from secret" -l password-stdin -d 'Read the password or access token of --user from standard input'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from secret" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from secret" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand mirror; and __fish_seen_subcommand_from secret" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l listen -d 'Where to listen [default: a free port on 127.0.0.1, printed as the first line]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l profile -d 'Behave like Docker Hub of this year, or in this failure' -r -f -a "2020\t'Capitals, a window of six hours, no source'
2023\t'Six hours, accounts named by UUID, a HEAD answered 200 at zero'
2026\t'One hour, both pairs of headers, a HEAD answered 429 at zero'
paid\t'A paid account: the source, and no limit'
exempt\t'An exempt address: no limit headers at all'
abuse\t'The overall limit: 429 in plain text to everything'
lockout\t'The token host\'s lock-out after failed logins'
blocked\t'Export control: a 403 page to everything'
flaky\t'500, 502, 503, cut connections, slow answers'
odd\t'Negative, empty, disagreeing and falsely full counts'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l limit -d 'Pulls in a window for every identity [default: 100 for an address, 200 for an account]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l window -d 'The window the limit counts over, such as 90s [default: the profile\'s]' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l law -d 'How the count recovers' -r -f -a "sliding\t'Each pull comes back one window after it was made'
fixed\t'All come back together when the window ends'
bucket\t'They come back one by one, evenly'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l count -d 'What counts as a pull' -r -f -a "pull\t'Two manifest GETs of one image within a few seconds are one'
get\t'Every manifest GET is one'
arch\t'Every platform\'s manifest is one, the index none'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l account -d 'Somebody who may log in, USER:PASSWORD, with a limit of their own or `unlimited`; repeatable' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l token-life -d 'How long a token is good for' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l latency -d 'One round trip to the sandbox, as if it were far away' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l tls -d 'Speak TLS; the certificate of the CA made for it goes to CA_FILE [default: a temporary file, printed as the second line]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l log -d 'Write every request to this file, one JSON document per line' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l traffic -d 'Neighbours that pull, too: steady, bursty, falling or rising, with a rate such as steady:120/h; a shape lasts an hour, or the window if that is shorter' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l print-setup -d 'Print what makes this runtime take the sandbox for docker.io' -r -f -a "nerdctl\t'nerdctl, by a hosts folder'
docker\t'Docker Engine, by a mirror or by address'
podman\t'podman and skopeo, by a registries file'
containerd\t'containerd: ctr and Kubernetes, by a hosts folder'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -l trust-proxy -d 'Believe the last address in X-Forwarded-For'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand sandbox" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l need -d 'Open only if this many pulls are left, or this share of the limit' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l need-for -d 'Open only if enough pulls are left for the images in PATH; with --need, the larger counts' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l need-percent -d 'Open only if this share of the limit is left, in percent; with --need, the larger counts' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l wait -d 'While closed, keep asking for this long at most; without DURATION, for two windows' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l on-unknown -d 'What to do when the limit cannot be read: no connection, or no valid answer' -r -f -a "pass\t'Let through'
fail\t'Do not let through'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l on-unlimited -d 'What to do when the registry names no limit' -r -f -a "pass\t'Let through'
fail\t'Do not let through'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l max-use -d 'Fail with exit code 1 if COMMAND used more pulls, as far as the count tells while it runs' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l report -d 'Write the answer to this file, too, as JSON' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l dotenv -d 'Write the verdict as variables to this file, for artifacts:reports:dotenv of GitLab' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -s o -l output -d 'How to show the answer [default: table on a terminal, github in GitHub Actions, plain elsewhere]' -r -f -a "table\t'For people, as wide as the terminal'
plain\t'One line per item, no decoration'
json\t'One JSON document'
github\t'GitHub Actions: annotations and a job summary'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l timeout -d 'Time limit for one reading (check: for all of them), such as 10s' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l registry-url -d 'Ask this URL instead of docker.io\'s registry, such as http://127.0.0.1:5000' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l auth-url -d 'Ask this URL instead of docker.io\'s token service' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l ca-cert -d 'Trust the certificates in this PEM file, too' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l family -d 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart' -r -f -a "auto\t'Whichever connects'
ipv4\t'IPv4 only'
ipv6\t'IPv6 only'
both\t'Both, one reading each'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l user -d 'Ask as this account' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l password-file -d 'Read the password or access token of --user from this file' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l sandbox -d 'Ask a simulated Docker Hub, started on this machine for this one command, not the real one' -r
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l anonymous -d 'Ask without credentials'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l password-stdin -d 'Read the password or access token of --user from standard input'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -l all-identities -d 'Ask as every identity known here: anonymous and each account'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand gate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand completions" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand completions" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand completions" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand completions" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand man" -l color -d 'When to use colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c dhlimit -n "__fish_dhlimit_using_subcommand man" -l config -d 'Configuration file [default: dhlimit/config.toml in the user\'s configuration folder]' -r -F
complete -c dhlimit -n "__fish_dhlimit_using_subcommand man" -s q -l quiet -d 'Print only errors on standard error'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand man" -s v -l verbose -d 'Show requests and answers, without secrets; -vv shows more'
complete -c dhlimit -n "__fish_dhlimit_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'

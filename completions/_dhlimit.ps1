
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'dhlimit' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'dhlimit'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'dhlimit' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Read the pull limit: one reading per identity and image. Costs nothing')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Read the pull limit again and again: a live view, or a line a reading')
            [CompletionResult]::new('stress', 'stress', [CompletionResultType]::ParameterValue, 'Pull, read and delete an image until the 429 comes back: see the count fall')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Show recordings as a chart and summary: text, JSON, SVG or one HTML page')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say which failure each line of a log is, and what to do about it')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Say which login, which count and which mirror a pull uses, and what is misconfigured')
            [CompletionResult]::new('sandbox', 'sandbox', [CompletionResultType]::ParameterValue, 'Run a local registry that behaves like Docker Hub, to practise on')
            [CompletionResult]::new('gate', 'gate', [CompletionResultType]::ParameterValue, 'Open or closed by exit code, before a pipeline pulls; can wait, can run a command')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page')
            break
        }
        'dhlimit;check' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to show the answer [default: table on a terminal, plain elsewhere]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to show the answer [default: table on a terminal, plain elsewhere]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Show each reading through a template such as ''{remaining}/{limit}''; the names are the JSON keys')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Warn when fewer pulls remain: a number, or a percentage of the limit such as 20%')
            [CompletionResult]::new('--warning', '--warning', [CompletionResultType]::ParameterName, 'Warn when fewer pulls remain: a number, or a percentage of the limit such as 20%')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Fail with exit code 1 (with -o nagios: 2) when fewer pulls remain')
            [CompletionResult]::new('--critical', '--critical', [CompletionResultType]::ParameterName, 'Fail with exit code 1 (with -o nagios: 2) when fewer pulls remain')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound on the whole operation, such as 10s')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Where docker.io''s registry really is, such as http://127.0.0.1:5000')
            [CompletionResult]::new('--auth-url', '--auth-url', [CompletionResultType]::ParameterName, 'Where docker.io''s token service really is')
            [CompletionResult]::new('--ca-cert', '--ca-cert', [CompletionResultType]::ParameterName, 'Trust the certificates in this PEM file, too')
            [CompletionResult]::new('--family', '--family', [CompletionResultType]::ParameterName, 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Ask as this account')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'Read the password or access token of --user from this file')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Ask a private sandbox on loopback, started for this one command, instead of the real registry')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]')
            [CompletionResult]::new('--anonymous', '--anonymous', [CompletionResultType]::ParameterName, 'Ask without credentials, as whoever has none')
            [CompletionResult]::new('--password-stdin', '--password-stdin', [CompletionResultType]::ParameterName, 'Read the password or access token of --user from standard input')
            [CompletionResult]::new('--all-identities', '--all-identities', [CompletionResultType]::ParameterName, 'Ask as every identity known here: anonymous and each account')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhlimit;watch' {
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'From one reading of an identity to the next, exactly [default: a 60th of the window, 10s to 5m, slower while nothing moves; 1s on loopback]')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'From one reading of an identity to the next, exactly [default: a 60th of the window, 10s to 5m, slower while nothing moves; 1s on loopback]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to show readings [default: table, a live view, on a terminal; plain elsewhere]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to show readings [default: table, a live view, on a terminal; plain elsewhere]')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Stop when so many pulls or fewer are left')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Stop after this long')
            [CompletionResult]::new('--drop', '--drop', [CompletionResultType]::ParameterName, 'Call it an event when more than this many pulls are gone from one reading to the next [default: a tenth of the limit]')
            [CompletionResult]::new('--on-change', '--on-change', [CompletionResultType]::ParameterName, 'Run this by `sh -c` when a count, a state or a source changes: the sample as JSON on standard input, DHLIMIT_EVENT_* variables')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Append every sample to this file, one JSON document a line; what is shown is on the disk')
            [CompletionResult]::new('--rotate-size', '--rotate-size', [CompletionResultType]::ParameterName, 'Begin a new file of the recording before it grows larger than this, such as 10MB')
            [CompletionResult]::new('--traffic', '--traffic', [CompletionResultType]::ParameterName, 'With --sandbox: the simulated pulls, such as steady:2000/h, bursty:1/s, falling or rising')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound on the whole operation, such as 10s')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Where docker.io''s registry really is, such as http://127.0.0.1:5000')
            [CompletionResult]::new('--auth-url', '--auth-url', [CompletionResultType]::ParameterName, 'Where docker.io''s token service really is')
            [CompletionResult]::new('--ca-cert', '--ca-cert', [CompletionResultType]::ParameterName, 'Trust the certificates in this PEM file, too')
            [CompletionResult]::new('--family', '--family', [CompletionResultType]::ParameterName, 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Ask as this account')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'Read the password or access token of --user from this file')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Ask a private sandbox on loopback, started for this one command, instead of the real registry')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]')
            [CompletionResult]::new('--force-interval', '--force-interval', [CompletionResultType]::ParameterName, 'Ask Docker Hub more often than every 10 seconds: every second at the most')
            [CompletionResult]::new('--until-empty', '--until-empty', [CompletionResultType]::ParameterName, 'Stop when no pull is left')
            [CompletionResult]::new('--until-full', '--until-full', [CompletionResultType]::ParameterName, 'Stop when the whole limit is there')
            [CompletionResult]::new('--rotate-daily', '--rotate-daily', [CompletionResultType]::ParameterName, 'Begin a new file of the recording every day (UTC)')
            [CompletionResult]::new('--anonymous', '--anonymous', [CompletionResultType]::ParameterName, 'Ask without credentials, as whoever has none')
            [CompletionResult]::new('--password-stdin', '--password-stdin', [CompletionResultType]::ParameterName, 'Read the password or access token of --user from standard input')
            [CompletionResult]::new('--all-identities', '--all-identities', [CompletionResultType]::ParameterName, 'Ask as every identity known here: anonymous and each account')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhlimit;stress' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'What pulls: a container runtime, or builtin, which needs none')
            [CompletionResult]::new('--runtime', '--runtime', [CompletionResultType]::ParameterName, 'What pulls: a container runtime, or builtin, which needs none')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Stop after this many pulls')
            [CompletionResult]::new('--floor', '--floor', [CompletionResultType]::ParameterName, 'Stop when only this many pulls are left')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Stop after this long')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'From the start of one round to the start of the next [default: 2s; 0s on loopback; at least 1s elsewhere]')
            [CompletionResult]::new('--pause', '--pause', [CompletionResultType]::ParameterName, 'From a removal to the next pull [default: what the runtime needs]')
            [CompletionResult]::new('--parallel', '--parallel', [CompletionResultType]::ParameterName, 'So many pulls at once (builtin only)')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write the report to this file, too, as JSON')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to show the answer [default: table on a terminal, plain elsewhere]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to show the answer [default: table on a terminal, plain elsewhere]')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'containerd''s namespace (nerdctl, ctr, lima, finch, colima)')
            [CompletionResult]::new('--address', '--address', [CompletionResultType]::ParameterName, 'The daemon''s socket or URL')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'The virtual machine: Lima''s instance, colima''s profile')
            [CompletionResult]::new('--platform', '--platform', [CompletionResultType]::ParameterName, 'The platform to pull, such as linux/arm64')
            [CompletionResult]::new('--hosts-dir', '--hosts-dir', [CompletionResultType]::ParameterName, 'A folder of containerd hosts.toml files (nerdctl, ctr)')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound on the whole operation, such as 10s')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Where docker.io''s registry really is, such as http://127.0.0.1:5000')
            [CompletionResult]::new('--auth-url', '--auth-url', [CompletionResultType]::ParameterName, 'Where docker.io''s token service really is')
            [CompletionResult]::new('--ca-cert', '--ca-cert', [CompletionResultType]::ParameterName, 'Trust the certificates in this PEM file, too')
            [CompletionResult]::new('--family', '--family', [CompletionResultType]::ParameterName, 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Ask as this account')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'Read the password or access token of --user from this file')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Ask a private sandbox on loopback, started for this one command, instead of the real registry')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]')
            [CompletionResult]::new('--blobs', '--blobs', [CompletionResultType]::ParameterName, 'Fetch the layers, too (builtin only)')
            [CompletionResult]::new('--until-recovered', '--until-recovered', [CompletionResultType]::ParameterName, 'After the 429, read the limit (HEAD only) until the count is full again, and say how it came back')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Go ahead without asking')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Go ahead without asking')
            [CompletionResult]::new('--anonymous', '--anonymous', [CompletionResultType]::ParameterName, 'Ask without credentials, as whoever has none')
            [CompletionResult]::new('--password-stdin', '--password-stdin', [CompletionResultType]::ParameterName, 'Read the password or access token of --user from standard input')
            [CompletionResult]::new('--all-identities', '--all-identities', [CompletionResultType]::ParameterName, 'Ask as every identity known here: anonymous and each account')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhlimit;report' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to show them [default: by the ending of --out (.html, .svg, .json, .txt), or else table]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to show them [default: by the ending of --out (.html, .svg, .json, .txt), or else table]')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Write to this file instead of standard output; never over a recording')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhlimit;explain' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to show the answer; plain and jsonl show each failure when it is found [default: table on a terminal, plain elsewhere]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to show the answer; plain and jsonl show each failure when it is found [default: table on a terminal, plain elsewhere]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Show each failure through a template such as ''{line}: {class}''; the names are the JSON keys')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhlimit;doctor' {
            [CompletionResult]::new('--kubernetes', '--kubernetes', [CompletionResultType]::ParameterName, 'Say what the kubelet would use of this: a .dockerconfigjson, a Secret as YAML or JSON, or a list of them; - is standard input')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Tell about a finding: what it is, how to see it, how to repair it')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to show the answer [default: table on a terminal, plain elsewhere]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to show the answer [default: table on a terminal, plain elsewhere]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound on the whole operation, such as 10s')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Where docker.io''s registry really is, such as http://127.0.0.1:5000')
            [CompletionResult]::new('--auth-url', '--auth-url', [CompletionResultType]::ParameterName, 'Where docker.io''s token service really is')
            [CompletionResult]::new('--ca-cert', '--ca-cert', [CompletionResultType]::ParameterName, 'Trust the certificates in this PEM file, too')
            [CompletionResult]::new('--family', '--family', [CompletionResultType]::ParameterName, 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Ask as this account')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'Read the password or access token of --user from this file')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Ask a private sandbox on loopback, started for this one command, instead of the real registry')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'End with exit code 1 where something is an error')
            [CompletionResult]::new('--anonymous', '--anonymous', [CompletionResultType]::ParameterName, 'Ask without credentials, as whoever has none')
            [CompletionResult]::new('--password-stdin', '--password-stdin', [CompletionResultType]::ParameterName, 'Read the password or access token of --user from standard input')
            [CompletionResult]::new('--all-identities', '--all-identities', [CompletionResultType]::ParameterName, 'Ask as every identity known here: anonymous and each account')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhlimit;sandbox' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Where to listen [default: a free port on 127.0.0.1, printed as the first line]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which Docker Hub: of a year, or at its worst')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'Pulls in a window for every identity [default: 100 for an address, 200 for an account]')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'The window the limit counts over, such as 90s [default: the profile''s]')
            [CompletionResult]::new('--law', '--law', [CompletionResultType]::ParameterName, 'How the count recovers')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'What counts as a pull')
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Somebody who may log in, USER:PASSWORD, with a limit of their own or `unlimited`; repeatable')
            [CompletionResult]::new('--token-life', '--token-life', [CompletionResultType]::ParameterName, 'How long a token is good for')
            [CompletionResult]::new('--latency', '--latency', [CompletionResultType]::ParameterName, 'One round trip to the sandbox, as if it were far away')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'Speak TLS; the certificate of the CA made for it goes to CA_FILE [default: a temporary file, printed as the second line]')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'Write every request to this file, one JSON document a line')
            [CompletionResult]::new('--traffic', '--traffic', [CompletionResultType]::ParameterName, 'Neighbours that pull, too: steady, bursty, falling or rising, with a rate such as steady:120/h; a shape lasts an hour, or the window where that is shorter')
            [CompletionResult]::new('--print-setup', '--print-setup', [CompletionResultType]::ParameterName, 'Print what makes this runtime take the sandbox for docker.io')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]')
            [CompletionResult]::new('--trust-proxy', '--trust-proxy', [CompletionResultType]::ParameterName, 'Believe the last address in X-Forwarded-For')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhlimit;gate' {
            [CompletionResult]::new('--need', '--need', [CompletionResultType]::ParameterName, 'Open only if so many pulls remain')
            [CompletionResult]::new('--need-percent', '--need-percent', [CompletionResultType]::ParameterName, 'Open only if this share of the limit remains, in percent; with --need, the larger counts')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'While closed, ask again now and then, for this long; without DURATION until two windows have passed')
            [CompletionResult]::new('--on-unknown', '--on-unknown', [CompletionResultType]::ParameterName, 'What to do when the limit cannot be told: the registry is not reached or not understood')
            [CompletionResult]::new('--on-unlimited', '--on-unlimited', [CompletionResultType]::ParameterName, 'What to do when the registry names no limit')
            [CompletionResult]::new('--max-use', '--max-use', [CompletionResultType]::ParameterName, 'Fail with exit code 1 if COMMAND used more pulls, as far as the count tells while it runs')
            [CompletionResult]::new('--dotenv', '--dotenv', [CompletionResultType]::ParameterName, 'Write the verdict as variables to this file, for artifacts:reports:dotenv of GitLab')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How to show the answer [default: table on a terminal, github in GitHub Actions, plain elsewhere]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How to show the answer [default: table on a terminal, github in GitHub Actions, plain elsewhere]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound on the whole operation, such as 10s')
            [CompletionResult]::new('--registry-url', '--registry-url', [CompletionResultType]::ParameterName, 'Where docker.io''s registry really is, such as http://127.0.0.1:5000')
            [CompletionResult]::new('--auth-url', '--auth-url', [CompletionResultType]::ParameterName, 'Where docker.io''s token service really is')
            [CompletionResult]::new('--ca-cert', '--ca-cert', [CompletionResultType]::ParameterName, 'Trust the certificates in this PEM file, too')
            [CompletionResult]::new('--family', '--family', [CompletionResultType]::ParameterName, 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Ask as this account')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'Read the password or access token of --user from this file')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Ask a private sandbox on loopback, started for this one command, instead of the real registry')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]')
            [CompletionResult]::new('--anonymous', '--anonymous', [CompletionResultType]::ParameterName, 'Ask without credentials, as whoever has none')
            [CompletionResult]::new('--password-stdin', '--password-stdin', [CompletionResultType]::ParameterName, 'Read the password or access token of --user from standard input')
            [CompletionResult]::new('--all-identities', '--all-identities', [CompletionResultType]::ParameterName, 'Ask as every identity known here: anonymous and each account')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhlimit;completions' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhlimit;man' {
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error but errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show what is asked and answered, without secrets; repeat for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}


use builtin;
use str;

set edit:completion:arg-completer[dhlimit] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'dhlimit'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'dhlimit'= {
            cand --color 'When to use colour'
            cand --config 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]'
            cand -q 'Say nothing on standard error but errors'
            cand --quiet 'Say nothing on standard error but errors'
            cand -v 'Show what is asked and answered, without secrets; repeat for more'
            cand --verbose 'Show what is asked and answered, without secrets; repeat for more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand check 'Read the pull limit: one reading per identity and image. Costs nothing'
            cand stress 'Pull, read and delete an image until the 429 comes back: see the count fall'
            cand sandbox 'Run a local registry that behaves like Docker Hub, to practise on'
            cand completions 'Print the completions of a shell'
            cand man 'Print the manual page'
        }
        &'dhlimit;check'= {
            cand -o 'How to show the answer [default: table on a terminal, plain elsewhere]'
            cand --output 'How to show the answer [default: table on a terminal, plain elsewhere]'
            cand --format 'Show each reading through a template such as ''{remaining}/{limit}''; the names are the JSON keys'
            cand -w 'Warn when fewer pulls remain: a number, or a percentage of the limit such as 20%'
            cand --warning 'Warn when fewer pulls remain: a number, or a percentage of the limit such as 20%'
            cand -c 'Fail with exit code 1 (with -o nagios: 2) when fewer pulls remain'
            cand --critical 'Fail with exit code 1 (with -o nagios: 2) when fewer pulls remain'
            cand --timeout 'Bound on the whole operation, such as 10s'
            cand --registry-url 'Where docker.io''s registry really is, such as http://127.0.0.1:5000'
            cand --auth-url 'Where docker.io''s token service really is'
            cand --ca-cert 'Trust the certificates in this PEM file, too'
            cand --family 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart'
            cand --user 'Ask as this account'
            cand --password-file 'Read the password or access token of --user from this file'
            cand --sandbox 'Ask a private sandbox on loopback, started for this one command, instead of the real registry'
            cand --color 'When to use colour'
            cand --config 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]'
            cand --anonymous 'Ask without credentials, as whoever has none'
            cand --password-stdin 'Read the password or access token of --user from standard input'
            cand --all-identities 'Ask as every identity known here: anonymous and each account'
            cand -q 'Say nothing on standard error but errors'
            cand --quiet 'Say nothing on standard error but errors'
            cand -v 'Show what is asked and answered, without secrets; repeat for more'
            cand --verbose 'Show what is asked and answered, without secrets; repeat for more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'dhlimit;stress'= {
            cand -r 'What pulls: a container runtime, or builtin, which needs none'
            cand --runtime 'What pulls: a container runtime, or builtin, which needs none'
            cand --count 'Stop after this many pulls'
            cand --floor 'Stop when only this many pulls are left'
            cand --for 'Stop after this long'
            cand --interval 'From the start of one round to the start of the next [default: 2s; 0s on loopback; at least 1s elsewhere]'
            cand --pause 'From a removal to the next pull [default: what the runtime needs]'
            cand --parallel 'So many pulls at once (builtin only)'
            cand --report 'Write the report to this file, too, as JSON'
            cand -o 'How to show the answer [default: table on a terminal, plain elsewhere]'
            cand --output 'How to show the answer [default: table on a terminal, plain elsewhere]'
            cand --namespace 'containerd''s namespace (nerdctl, ctr, lima, finch, colima)'
            cand --address 'The daemon''s socket or URL'
            cand --instance 'The virtual machine: Lima''s instance, colima''s profile'
            cand --platform 'The platform to pull, such as linux/arm64'
            cand --hosts-dir 'A folder of containerd hosts.toml files (nerdctl, ctr)'
            cand --timeout 'Bound on the whole operation, such as 10s'
            cand --registry-url 'Where docker.io''s registry really is, such as http://127.0.0.1:5000'
            cand --auth-url 'Where docker.io''s token service really is'
            cand --ca-cert 'Trust the certificates in this PEM file, too'
            cand --family 'Which address family to ask over; Docker Hub counts IPv4 and IPv6 apart'
            cand --user 'Ask as this account'
            cand --password-file 'Read the password or access token of --user from this file'
            cand --sandbox 'Ask a private sandbox on loopback, started for this one command, instead of the real registry'
            cand --color 'When to use colour'
            cand --config 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]'
            cand --blobs 'Fetch the layers, too (builtin only)'
            cand --until-recovered 'After the 429, read the limit (HEAD only) until the count is full again, and say how it came back'
            cand -y 'Go ahead without asking'
            cand --yes 'Go ahead without asking'
            cand --anonymous 'Ask without credentials, as whoever has none'
            cand --password-stdin 'Read the password or access token of --user from standard input'
            cand --all-identities 'Ask as every identity known here: anonymous and each account'
            cand -q 'Say nothing on standard error but errors'
            cand --quiet 'Say nothing on standard error but errors'
            cand -v 'Show what is asked and answered, without secrets; repeat for more'
            cand --verbose 'Show what is asked and answered, without secrets; repeat for more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'dhlimit;sandbox'= {
            cand --listen 'Where to listen [default: a free port on 127.0.0.1, printed as the first line]'
            cand --profile 'Which Docker Hub: of a year, or at its worst'
            cand --limit 'Pulls in a window for every identity [default: 100 for an address, 200 for an account]'
            cand --window 'The window the limit counts over, such as 90s [default: the profile''s]'
            cand --law 'How the count recovers'
            cand --count 'What counts as a pull'
            cand --account 'Somebody who may log in, USER:PASSWORD, with a limit of their own or `unlimited`; repeatable'
            cand --token-life 'How long a token is good for'
            cand --latency 'One round trip to the sandbox, as if it were far away'
            cand --tls 'Speak TLS; the certificate of the CA made for it goes to CA_FILE [default: a temporary file, printed as the second line]'
            cand --log 'Write every request to this file, one JSON document a line'
            cand --traffic 'Neighbours that pull, too: steady, bursty, falling or rising, with a rate such as steady:120/h'
            cand --print-setup 'Print what makes this runtime take the sandbox for docker.io'
            cand --color 'When to use colour'
            cand --config 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]'
            cand --trust-proxy 'Believe the last address in X-Forwarded-For'
            cand -q 'Say nothing on standard error but errors'
            cand --quiet 'Say nothing on standard error but errors'
            cand -v 'Show what is asked and answered, without secrets; repeat for more'
            cand --verbose 'Show what is asked and answered, without secrets; repeat for more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'dhlimit;completions'= {
            cand --color 'When to use colour'
            cand --config 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]'
            cand -q 'Say nothing on standard error but errors'
            cand --quiet 'Say nothing on standard error but errors'
            cand -v 'Show what is asked and answered, without secrets; repeat for more'
            cand --verbose 'Show what is asked and answered, without secrets; repeat for more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'dhlimit;man'= {
            cand --color 'When to use colour'
            cand --config 'Configuration file [default: dhlimit/config.toml in the user''s configuration folder]'
            cand -q 'Say nothing on standard error but errors'
            cand --quiet 'Say nothing on standard error but errors'
            cand -v 'Show what is asked and answered, without secrets; repeat for more'
            cand --verbose 'Show what is asked and answered, without secrets; repeat for more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
    ]
    $completions[$command]
}

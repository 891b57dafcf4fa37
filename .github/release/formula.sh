#!/bin/sh
# The Homebrew formula of a release, of the checksums that lie beside its archives.
#
# usage: formula.sh VERSION FOLDER > dhlimit.rb
set -eu

version=$1 folder=$2
url="https://github.com/dhlimit/dhlimit/releases/download/v$version"
sum() { cut -d ' ' -f 1 "$folder/dhlimit-$version-$1.tar.gz.sha256"; }
asset() { # SYSTEM ARCHITECTURE TARGET
    sum=$(sum "$3")
    cat << RUBY
  on_$1 do
    on_$2 do
      url "$url/dhlimit-$version-$3.tar.gz"
      sha256 "$sum"
    end
  end
RUBY
}

cat << RUBY
class Dhlimit < Formula
  desc "Makes Docker Hub's pull rate limit visible, predictable and survivable"
  homepage "https://github.com/dhlimit/dhlimit"
  version "$version"
  license any_of: ["MIT", "Apache-2.0"]

RUBY
asset macos arm aarch64-apple-darwin
asset macos intel x86_64-apple-darwin
asset linux arm aarch64-unknown-linux-musl
asset linux intel x86_64-unknown-linux-musl
cat << 'RUBY'

  def install
    bin.install "dhlimit"
    man1.install "completions/dhlimit.1"
    bash_completion.install "completions/dhlimit.bash" => "dhlimit"
    zsh_completion.install "completions/_dhlimit"
    fish_completion.install "completions/dhlimit.fish"
  end

  test do
    assert_match "SANDBOX", shell_output("#{bin}/dhlimit stress --sandbox --count 1 -q -o table")
  end
end
RUBY

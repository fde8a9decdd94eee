#!/bin/bash
# usage: share.sh FOLDER; checks the generated man pages and completions below it.
set -euo pipefail
share=$1

need() {
    if command -v "$1" >/dev/null; then return; fi
    echo "skipped: $1 is not installed"
    if [[ ${CI:-} == true ]]; then exit 1; fi
    exit 77
}
need groff
need zsh
need fish

# What the shell prints after the words of a command line, one candidate a line.
bash_offers() {
    bash -c 'compopt() { :; }; source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _bt2c_dr; printf "%s\n" "${COMPREPLY[@]}"' \
        bash "$share/bash-completion/completions/bt2c-dr" "$@"
}
zsh_offers() {
    # shellcheck disable=SC2016  # zsh expands them
    zsh -fc 'compadd() { [[ $1 != -- ]] || shift; print -l -- "$@"; }; _message() { :; }; compset() { :; }
        _files() { print files; }; _describe() { print -l -- ${(P)argv[-1]}; }
        file=$1; shift; words=("$@"); CURRENT=$#; source "$file" || true' \
        zsh "$share/zsh/vendor-completions/_bt2c-dr" "$@"
}
fish_offers() {
    # shellcheck disable=SC2016  # fish expands them
    fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$share/fish/vendor_completions.d/bt2c-dr.fish" "$1"
}
expect() { # expect WORD WHERE: stdin holds the word at the start of a line
    if ! grep -c -e "^$1\b" - >/dev/null; then
        echo "$2: '$1' is not offered"
        exit 1
    fi
}

pages=0
for page in "$share"/man/man1/*.1; do
    pages=$((pages + 1))
    warnings=$(groff -Tutf8 -Kutf8 -ww -man "$page" 2>&1 >/dev/null)
    if [[ -n $warnings ]]; then
        echo "$page: $warnings"
        exit 1
    fi
    # To the end of its input: a grep that stops early would break groff's pipe.
    if ! groff -Tutf8 -Kutf8 -P -cbou -man "$page" | grep -c 'SYNOPSIS' >/dev/null; then
        echo "$page shows nothing"
        exit 1
    fi
    name=$(basename "$page" .1)
    header=$(groff -Tutf8 -Kutf8 -P -cbou -man "$page" | awk 'NF && !shown++')
    if [[ $header != "$name(1) "*" $name(1)" ]]; then
        echo "$page has a header that is overprinted: $header"
        exit 1
    fi
    if grep -c -e ',$' <(tail -n 1 "$page") >/dev/null; then
        echo "$page ends in a comma"
        exit 1
    fi
done
((pages > 3))
grep -q -F 'bt2c\-node (1)' "$share/man/man1/bt2c-dr.1"
grep -q -F 'BT2C_WALLET_PASSWORD' "$share/man/man1/bt2c-dr.1"
grep -q -F '.B 130' "$share/man/man1/bt2c-dr.1"
if grep -q -F 'restore (1)' "$share/man/man1/bt2c-dr-repository-key-add.1"; then
    echo "a page names others than those of its group"
    exit 1
fi

bash -n "$share/bash-completion/completions/bt2c-dr"
zsh -n "$share/zsh/vendor-completions/_bt2c-dr"
fish --no-execute "$share/fish/vendor_completions.d/bt2c-dr.fish"

bash_offers bt2c-dr '' | expect help bash
bash_offers bt2c-dr --home /x '' | expect help bash
bash_offers bt2c-dr help -- | expect --json bash
bash_offers bt2c-dr --network te | expect testnet bash
bash_offers bt2c-dr job re | expect restore-test bash
bash_offers bt2c-dr help rep | expect repository bash
bash_offers bt2c-dr help repository '' | expect key bash
bash_offers bt2c-dr init --repository /tm | expect /tmp bash
bash_offers bt2c-dr backup --type = i | expect incremental bash
bash_offers bt2c-dr backup --type = | expect incremental bash
bash_offers bt2c-dr --home = /x backup --type i | expect incremental bash
bash_offers bt2c-dr --home = /tm | expect /tmp bash
bash_offers bt2c-dr restore --only database,c | expect database,config bash
bash_offers bt2c-dr restore --only = database, | expect database,keys bash
zsh_offers bt2c-dr '' | expect help zsh
zsh_offers bt2c-dr backup --type=i | expect incremental zsh
zsh_offers bt2c-dr --home=/tm | expect files zsh
zsh_offers bt2c-dr restore --only database, | expect keys zsh
zsh_offers bt2c-dr help '' | expect repository zsh
zsh_offers bt2c-dr help repository '' | expect key zsh
zsh_offers bt2c-dr init --repository /tm | expect files zsh
fish_offers 'bt2c-dr ' | expect help fish
fish_offers 'bt2c-dr restore --only database,' | expect database,keys fish
fish_offers 'bt2c-dr backup --type=i' | expect --type=incremental fish
fish_offers 'bt2c-dr upgrade-check a' | expect after fish
fish_offers 'bt2c-dr --network te' | expect testnet fish
fish_offers 'bt2c-dr help --js' | expect --json fish
fish_offers 'bt2c-dr help rep' | expect repository fish
fish_offers 'bt2c-dr help repository ' | expect key fish
fish_offers 'bt2c-dr init --repository /tm' | expect /tmp fish
echo "$pages man pages and three completions are well"

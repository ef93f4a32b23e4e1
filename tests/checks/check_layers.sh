#!/usr/bin/env bash
# The rules of the house that a program can check: who may include whom, where each library lives, who may log, sleep
# or print JSON, and how long a thought may be. Prints every violation; none is worth an exception list.
set -ufo pipefail
cd "${SOURCE_DIR:-$(dirname "$0")/../..}" || exit 2
violations=$(mktemp)
stripped=$(mktemp -d)
trap 'rm -rf "$violations" "$stripped"' EXIT

say() { echo "$1" >>"$violations"; }

product() { find bridge connectors mappings -name '*.[ch]' 2>/dev/null | sort; }
tests() { find tests -name '*.[ch]' 2>/dev/null | sort; }

# Code without comments and without what stands in quotes, line by line as it was.
strip() {
    sed -E 's/\\"/ /g; s/"[^"]*"/""/g; s@//.*@@; s@/\*([^*]|\*[^/])*\*/@@g' "$1" |
        awk '/\/\*/ { sub(/\/\*.*/, ""); print; inside = 1; next } inside && /\*\// { inside = 0; sub(/.*\*\//, ""); print; next }
             inside { print ""; next } { print }'
}

for file in $(product) $(tests); do
    mkdir -p "$stripped/${file%/*}"
    strip "$file" >"$stripped/$file"
done

# banned WORDS-REGEX WHY FILE…: no such word in the code of the files
banned() {
    local words=$1 why=$2 file line
    shift 2
    [ $# = 0 ] || (cd "$stripped" && grep -nHE "(^|[^A-Za-z0-9_])($words)($|[^A-Za-z0-9_])" "$@") | while IFS=: read -r file line _; do
        say "$file:$line: $why"
    done
}

# included BEGIN END FILE…: what each file includes between these two marks, as "FILE HEADER"
included() {
    local begin=$1 end=$2
    shift 2
    [ $# = 0 ] || awk -v begin="$begin" -v end="$end" '
        /^[[:space:]]*#[[:space:]]*include/ && (i = index($0, begin)) { rest = substr($0, i + 1)
                                                                        print FILENAME, substr(rest, 1, index(rest, end) - 1) }' "$@"
}

room() {
    case $1 in
    bridge/base/*) echo base ;;
    bridge/io/*) echo io ;;
    bridge/sync/*) echo sync ;;
    bridge/app/*) echo app ;;
    mappings/*) echo mappings ;;
    connectors/*) echo connectors ;;
    tests/*) echo tests ;;
    *) echo "" ;;
    esac
}

# ---- floors ----

may_include() { # ROOM HEADER
    case $1:$2 in
    base:bridge/base/*) ;;
    io:bridge/base/* | io:bridge/io/*) ;;
    mappings:bridge/base/* | mappings:mappings/*) ;;
    connectors:bridge/base/* | connectors:bridge/io/* | connectors:connectors/*) ;;
    sync:bridge/base/* | sync:bridge/io/* | sync:mappings/* | sync:bridge/sync/*) ;;
    sync:connectors/connector.h | sync:connectors/endpoint.h | sync:connectors/registry.h) ;;
    app:bridge/* | app:mappings/*) ;;
    app:connectors/connector.h | app:connectors/endpoint.h | app:connectors/registry.h | app:connectors/signature.h) ;;
    *) return 1 ;;
    esac
}

# A concrete connector lives in a folder of its own; the files beside it are the contract's.
check_include() { # FILE HEADER
    local from folder=${2%/*}
    from=$(room "$1")
    if ! may_include "$from" "$2"; then
        say "$1: the room $from may not include \"$2\""
    elif [[ $folder == connectors/* && $1 != "$folder"/* && $1 != connectors/registry.c ]]; then
        say "$1: only connectors/registry.c names a concrete connector (\"$2\")"
    fi
}

check_floors() {
    local file header
    # shellcheck disable=SC2046
    while read -r file header; do
        check_include "$file" "$header"
    done < <(included '"' '"' $(product))
}

# ---- libraries ----

home_of() { # HEADER: the only files that may include it, as a pattern; nothing when it has no single home
    case $1 in
    curl/*) echo 'bridge/io/http_curl.c' ;;
    sqlite3*) echo 'bridge/io/store*.c|bridge/io/store_*.h' ;;
    libconfig*) echo 'bridge/base/opt.c' ;;
    microhttpd*) echo 'bridge/io/server.c' ;;
    openssl/*) echo 'bridge/base/hash.c|bridge/io/oauth.c|bridge/io/seal.c' ;;
    yajl/*) echo 'bridge/base/js_parse.c' ;;
    esac
}

check_homes() {
    local file header home pattern found
    # shellcheck disable=SC2046
    while read -r file header; do
        home=$(home_of "$header")
        [ -n "$home" ] || continue
        found=
        for pattern in ${home//|/ }; do
            # shellcheck disable=SC2053
            [[ $file == $pattern ]] && found=1
        done
        [ -n "$found" ] || say "$file: <$header> lives only in ${home//|/, }"
    done < <(included '<' '>' $(product))
}

# ---- words ----

check_words() {
    local documents='json_(loads|loadb|loadf|loadfd|load_file|load_callback|dumps|dumpb|dumpf|dumpfd|dump_file|dump_callback)'
    # shellcheck disable=SC2046
    banned "$documents" "whole documents are parsed and printed only through bridge/base/js.h" \
        $(product) $(tests | grep -v '^tests/sandbox/')
    # shellcheck disable=SC2046
    banned 'goto' "no goto" $(product) $(tests)
    # shellcheck disable=SC2046
    banned 'setlocale' "numbers must read the same everywhere: no setlocale" $(product)
    # shellcheck disable=SC2046
    banned 'log_(event|error|warn|info|debug)' "floors 0 to 2 never log" \
        $(product | grep -E '^(bridge/base|bridge/io|connectors|mappings)/' | grep -vE '^bridge/base/log\.[ch]$')
    # shellcheck disable=SC2046
    banned 'sleep|usleep|nanosleep|clock_nanosleep|clock_gettime|gettimeofday|time\((NULL|0)|socket|pthread_create|curl_[a-z_]+' \
        "a connector has no clock, no thread and no socket" \
        $(product | grep '^connectors/.*/.*\.c$')
    # shellcheck disable=SC2046
    banned '[Hh]ub[Ss]pot[a-z_]*|[Ss]alesforce[a-z_]*' "the engine does not know which service it talks to" \
        $(product | grep -E '^bridge/(base|io|sync)/')
}

# ---- sizes ----

# House style puts the braces of a function alone at the left margin, so lines between them are its length.
check_sizes() {
    local file lines
    for file in $(product); do
        lines=$(wc -l <"$file")
        [ "$lines" -le 600 ] || say "$file: $lines lines, at most 600"
        awk -v file="$file" '
            /^[a-z].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
            /^\{$/ { start = NR }
            /^\}/ && start { if (NR - start + 2 > 60) print file ":" start - 1 ": " name "() has " NR - start + 2 " lines, at most 60"
                             start = 0 }' "$file" >>"$violations"
    done
}

check_floors
check_homes
check_words
check_sizes

if [ -s "$violations" ]; then
    sort -u "$violations"
    echo "$(sort -u "$violations" | wc -l) violations"
    exit 1
fi
echo "$(product | wc -l) files keep the rules"

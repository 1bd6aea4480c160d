#!/bin/sh
# Records what it reads on stdin, one JSON object a line, with nothing but a POSIX shell, sed and curl:
#
#   {"kind":"message","session":"my-chat","role":"user","content":"Hello"}
#   {"kind":"close","session":"my-chat"}
#   {"kind":"end"}
#
# Each line becomes an event in an outbox file, with its id, number and time, before anything is sent; it is POSTed, the same text
# again and again, until the recorder answers 200: then it is on disk there. What is left of an earlier run is sent first.
# Each line is answered on stdout: {"kind":"kept"} when its event is in the outbox, so that a kill of this script loses nothing, and
# {"kind":"skipped"} for a piece of an answer ("kind":"delta"), as this client records whole messages only, and for a line that it
# cannot read, which it names on stderr.
# Ends with 0 when everything is recorded, with 1 where a line could not be read or an event was refused for good, with 3 where it had
# to give up; then the rest waits in the outbox for the next run. `chasm conformance --client sh examples/shell/record.sh` tries it out.
set -u
LC_ALL=C
export LC_ALL

PATIENCE=600     # seconds of one event's tries
LONGEST_WAIT=30  # seconds between two tries

data=${CHASM_DATA_DIR:-${XDG_DATA_HOME:-$HOME/.local/share}/chasm-recorder}
outbox=$data/outbox/shell-example
refused=0
told=no
line_number=0

umask 077
mkdir -p "$outbox" || exit 3
command -v curl >/dev/null || {
    printf 'this needs curl, which is not installed\n' >&2
    exit 3
}

# The value of a string in a JSON object on one line, still escaped: it goes into JSON again as it is.
field() {
    printf '%s\n' "$2" | sed -nE 's/^.*[{,][[:space:]]*"'"$1"'"[[:space:]]*:[[:space:]]*"(([^"\\]|\\.)*)".*$/\1/p'
}

# CHASM_SERVER, else what the running recorder wrote down, else the default.
server() {
    address=${CHASM_SERVER:-}
    if [ -z "$address" ] && [ -r "$data/server.json" ]; then
        address=$(tr -d '\n' <"$data/server.json" | sed -nE 's/^.*"address"[[:space:]]*:[[:space:]]*"([^"]*)".*$/\1/p')
    fi
    address=${address:-127.0.0.1:8787}
    case $address in
        http://*) printf '%s' "$address" ;;
        *) printf 'http://%s' "$address" ;;
    esac
}

new_id() {
    if [ -r /proc/sys/kernel/random/uuid ]; then
        cat /proc/sys/kernel/random/uuid
    else
        od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
    fi
}

# Writes an event (session, type, data) down under its place in the queue. Its name appears only when all of it is there, and its number is counted only
# then: a script that is killed in between leaves no hole (see below, where the queue is read again).
append() {
    number=$((number + 1))
    seq=$(($(last_seq "$1") + 1))
    # the recorder sorts by time, then by seq: a clock in whole seconds is fine
    printf '{"session_id":"%s","event_type":"%s","event_id":"%s","seq":%d,"timestamp":"%s","data":{%s}}\n' \
        "$1" "$2" "$(new_id)" "$seq" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$3" >"$outbox/new" || exit 3
    sync "$outbox/new" 2>/dev/null || sync
    mv "$outbox/new" "$outbox/$(printf '%012d' "$number").json" || exit 3
    count "$1" "$seq"
}

# A file a session counts its events, over restarts.
counter() {
    printf '%s/seq-%s' "$outbox" "$(printf '%s' "$1" | cksum | tr ' ' -)"
}

last_seq() {
    cat "$(counter "$1")" 2>/dev/null || echo 0
}

count() {
    printf '%d\n' "$2" >"$(counter "$1").new" && mv "$(counter "$1").new" "$(counter "$1")" || exit 3
}

# Says once that it waits, and for whom; anew after an event that was recorded.
tell_trouble() {
    [ "$told" = yes ] && return
    told=yes
    case $1 in
        000) printf 'no recorder at %s, waiting; ' "$(server)" >&2 ;;
        *) printf 'the recorder at %s answers %s, waiting; ' "$(server)" "$1" >&2 ;;
    esac
    printf '%d kept in %s\n' "$(find "$outbox" -name '*.json' | wc -l)" "$outbox" >&2
}

# Names a line that is no event, and goes on.
skip_bad() {
    printf 'line %d is not recorded: %s\n' "$line_number" "$1" >&2
    refused=1
    printf '%s\n' '{"kind":"skipped"}'
}

take_message() {
    session=$(field session "$1")
    role=$(field role "$1")
    if [ -z "$session" ] || [ -z "$role" ]; then
        skip_bad 'a message needs session and role'
        return
    fi
    case $1 in
        *'"content"'*) ;;
        *)
            skip_bad 'a message needs content'
            return
            ;;
    esac
    append "$session" message "\"role\":\"$role\",\"content\":\"$(field content "$1")\""
    printf '%s\n' '{"kind":"kept"}'
    deliver_all
}

take_close() {
    session=$(field session "$1")
    if [ -z "$session" ]; then
        skip_bad 'a close needs session'
        return
    fi
    append "$session" session_end '"reason":"closed"'
    printf '%s\n' '{"kind":"kept"}'
    deliver_all
}

# Sends one file until it is recorded or refused for good.
deliver() {
    wait=1
    since=$(date +%s)
    while :; do
        set -- "$1" --silent --noproxy '*' --max-time 10 --header 'Content-Type: application/json'
        if [ -r "$data/token" ]; then
            # not on the command line, where others could read it
            printf 'header = "Authorization: Bearer %s"\n' "$(cat "$data/token")" >"$outbox/curl"
            set -- "$@" --config "$outbox/curl"
        fi
        file=$1
        shift
        status=$(curl "$@" --dump-header "$outbox/head" --output "$outbox/answer" --write-out '%{http_code}' \
            --data-binary "@$file" "$(server)/api/recording/events") || status=000
        set -- "$file"
        case $status in
            200)
                told=no
                rm -f "$file"
                return 0
                ;;
            400 | 413 | 415 | 422)
                printf 'refused: %s\n' "$(cat "$outbox/answer")" >&2
                refused=1
                mv "$file" "$file.refused"
                return 0
                ;;
        esac
        if [ $(($(date +%s) - since)) -gt "$PATIENCE" ]; then
            printf 'not recorded (%s); what is left waits in %s\n' "$status" "$outbox" >&2
            exit 3
        fi
        tell_trouble "$status"
        # what the recorder asks for, else twice as long as the last time
        after=$(sed -nE 's/^[Rr]etry-[Aa]fter:[[:space:]]*([0-9]+).*$/\1/p' "$outbox/head" 2>/dev/null)
        sleep "${after:-$wait}"
        : >"$outbox/head"
        wait=$((wait * 2))
        [ "$wait" -gt "$LONGEST_WAIT" ] && wait=$LONGEST_WAIT
    done
}

deliver_all() {
    for file in "$outbox"/*.json; do
        [ -e "$file" ] && deliver "$file"
    done
}

# The queue goes on behind what is left of an earlier run.
number=$(ls "$outbox" | sed -nE 's/^0*([0-9]+)\.json.*$/\1/p' | sort -n | tail -n 1)
number=${number:-0}
for file in "$outbox"/*.json; do
    [ -e "$file" ] || continue
    event=$(cat "$file")
    session=$(field session_id "$event")
    seq=$(printf '%s\n' "$event" | sed -nE 's/^.*,"seq":([0-9]+),"timestamp".*$/\1/p')
    [ "${seq:-0}" -gt "$(last_seq "$session")" ] && count "$session" "$seq"
done
deliver_all
# a last line without its end is a line, too
while IFS= read -r line || [ -n "$line" ]; do
    line_number=$((line_number + 1))
    case $(field kind "$line") in
        message) take_message "$line" ;;
        close) take_close "$line" ;;
        delta) printf '%s\n' '{"kind":"skipped"}' ;;
        end) break ;;
        *)
            case $line in
                *[![:space:]]*) skip_bad 'it is no JSON object of the kind message, delta, close or end' ;;
            esac
            ;;
    esac
done
deliver_all
exit "$refused"

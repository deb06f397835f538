#!/bin/sh
# Hermes' own command line and `kanban tick` on one file at the same time, for so many seconds.
#   beside.sh HERMES KANBAN FOLDER SECONDS
# Prints how much each did; the caller looks at the board.
set -eu
hermes=$1 kanban=$2 folder=$3 seconds=$4
mkdir -p "$folder/profiles/coder" "$folder/bin" "$folder/ours"
cat >"$folder/bin/worker" <<'END'
#!/bin/sh
# Started by Hermes itself, it has nothing to report with, and is a worker that dies.
[ -n "${KANBAN_TOKEN:-}" ] && exec "$KANBAN_BIN" complete "$HERMES_KANBAN_TASK" --summary ok
exit 1
END
chmod +x "$folder/bin/worker"
export HERMES_HOME="$folder" HERMES_BIN="$folder/bin/worker" KANBAN_HOME="$folder/ours"
printf 'hermes_home = "%s"\n[defaults]\nretry_delay = "0s"\n' "$folder" >"$KANBAN_HOME/config.toml"
"$hermes" kanban list >/dev/null
until=$(($(date +%s) + seconds))
(
    ticks=0
    while [ "$(date +%s)" -lt $until ]; do
        "$kanban" --board default tick >/dev/null 2>>"$folder/tick.errors" || true
        ticks=$((ticks + 1))
    done
    echo "ticks $ticks"
) &
(
    cards=0
    while [ "$(date +%s)" -lt $until ]; do
        id=$("$hermes" kanban create "card $cards" --assignee coder 2>>"$folder/hermes.errors" | grep -o 't_[0-9a-f]*' | head -n 1)
        cards=$((cards + 1))
        {
            "$hermes" kanban comment "$id" hello || true
            "$hermes" kanban list || true
            [ $((cards % 2)) = 0 ] || "$hermes" kanban block "$id" why || true
            [ $((cards % 3)) = 0 ] || "$hermes" kanban dispatch || true
            [ $((cards % 2)) = 0 ] || "$hermes" kanban complete "$id" || true
        } >>"$folder/hermes.out" 2>>"$folder/hermes.errors"
    done
    echo "cards $cards"
) &
wait

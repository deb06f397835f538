# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_kanban_global_optspecs
    string join \n board= config= json h/help V/version
end

function __fish_kanban_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_kanban_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_kanban_using_subcommand
    set -l cmd (__fish_kanban_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c kanban -n "__fish_kanban_needs_command" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_needs_command" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_needs_command" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_needs_command" -s V -l version -d 'Print version'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "init" -d 'Make a board, or take over the boards of Hermes Agent'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "create" -d 'Make a card, or those of a file'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "list" -d 'List cards, in the order in which they would start'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "search" -d 'Find cards by words of their title, body or comments'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "show" -d 'Show a card: what it is, what it waits for, its runs, its comments and its history'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "graph" -d 'Show what a card waits for and what waits for it, as a tree'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "context" -d 'Print what somebody who works on a card has to know'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "board" -d 'Show the board as columns'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "watch" -d 'Watch the board as it changes'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "boards" -d 'List, make, rename and put away boards, or print where one is'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "why" -d 'Say why a card is not running, what would start it, and when'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "status" -d 'Say whether a board is served: the last tick, what runs, what is due, what is held'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "link" -d 'Make a card wait for another one'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "unlink" -d 'Make a card no longer wait for another one'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "comment" -d 'Say something on a card'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "attach" -d 'Attach files to a card'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "attachments" -d 'List the files that are attached to a card, and where they are'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "detach" -d 'Take files away from a card and delete them'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "edit" -d 'Change what a card says'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "reprioritize" -d 'Give cards another priority: higher ones start first'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "heartbeat" -d 'Say that a worker is alive, and how far it is'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "complete" -d 'Mark cards as done'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "block" -d 'Put cards where only kanban unblock takes them out again'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "request-review" -d 'Hand the work on cards over to be looked at before they are done'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "request-changes" -d 'Send a card back from review to whoever did the work'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "unblock" -d 'Let blocked cards go again'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "promote" -d 'Make cards ready now'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "schedule" -d 'Put cards off until a moment'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "retry" -d 'Take cards up again that are blocked, cancelled, done or archived'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "assign" -d 'Give cards to another worker or lane'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "reassign" -d 'Give cards to another worker or lane'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "reclaim" -d 'Take running cards away from their workers and let them start again'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "stop" -d 'Take running cards away from their workers and block them'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "cancel" -d 'Give cards up'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "archive" -d 'Put cards away'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "mcp" -d 'Serve the board to an agent as tools of the Model Context Protocol'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "log" -d 'Print what the workers of a card have written'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "runs" -d 'List runs: who worked on which card, how long, and how it ended'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "events" -d 'Print what happened, oldest first'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "subscribe" -d 'Tell a channel what happens to a card'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "unsubscribe" -d 'No longer tell a channel, or any channel, what happens to a card'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "subscriptions" -d 'List who is told what happens to which card'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "deliveries" -d 'Look at what is told to whom, and try again or give up what could not be'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "notify" -d 'List the channels, try one, or let one be sent to again'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "tick" -d 'Book what has ended, start what is ready, and exit'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "pause" -d 'Start nothing more on a board, or nothing more of one worker'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "resume" -d 'Start again what kanban pause or kanban drain stopped'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "drain" -d 'Start nothing more, and wait until what runs has ended'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "timer" -d 'Have cron, systemd or launchd run the ticks of a board, or of all'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "stats" -d 'Count: cards by column, runs by worker and outcome, deliveries by channel'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "report" -d 'Make a page of the board for a browser: one file that needs no server'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "backup" -d 'Copy the board into a file, whole, while others go on using it'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "restore" -d 'Go back to a backup of the board'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "gc" -d 'Remove what is no longer needed: old history, runs, logs, workspaces, messages that were delivered'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "vacuum" -d 'Make the file of a board as small as what is in it'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "check" -d 'Check a board: its file, what must hold between its cards and runs, and what lies beside it'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "export" -d 'Print the whole board as lines of JSON, for kanban import or another program'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "import" -d 'Make a board of what kanban export printed'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "doctor" -d 'Say what would keep this board from being served here, and what would kill its workers'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "config" -d 'Check, show or find the configuration'
complete -c kanban -n "__fish_kanban_needs_command" -f -a "demo" -d 'Run a small example from beginning to end'
complete -c kanban -n "__fish_kanban_using_subcommand init" -l hermes -d 'The folder of a Hermes installation, such as ~/.hermes' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand init" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand init" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand init" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand create" -l body -d 'What is to be done, in full; - reads it from standard input' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l body-file -d 'Read the body from a file; - is standard input' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand create" -l assignee -d 'The worker that is to do it, or the lane that a person pulls it from' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l priority -d 'Cards with a higher number start first' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l max-runtime -d 'End a run that takes longer (such as 90s, 2h) [default: the worker\'s]' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l max-retries -d 'Block the card after so many failures in a row [default: failure_limit]' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l idempotency-key -d 'If a card with this key is there and not archived, print its id and make none' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l at -d 'Do not start it before this time: "in 2h", "tomorrow 9:00", "2026-12-24 18:00"; see Times in kanban --help' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l blocked -d 'Make it blocked, for this reason: it is not started until somebody unblocks it' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l workspace -d 'Where its worker works: scratch (a folder made for the card), dir:/absolute/path, or worktree (a git worktree made for the card below the board\'s default_workdir; worktree:/path names the repository, the place of the tree, or a tree that is there)' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l branch -d 'The branch of its worktree [default: wt/ID]' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l tenant -d 'A name to group cards by, such as a customer or a project' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l model -d 'The model that its worker is told to use ({model})' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l skill -d 'A skill that its worker is told to use ({skill}); may be given several times' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l arg -d 'One more argument for its worker ({arg}); may be given several times' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l verify -d 'A shell command: exit 0 of the work counts only if this exits 0 in the same place' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l goal-max-turns -d 'With --goal, after so many turns at most' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l parent -d 'A card that has to be done first; may be given several times' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l after-failure -d 'Start it only if this card gives up; may be given several times' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l after-any -d 'Start it when this card is done, gave up, or was cancelled; may be given several times' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l from -d 'Make the cards of this file, all or none; - is standard input' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand create" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand create" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand create" -l triage -d 'Put it into triage: it is not started until somebody promotes it'
complete -c kanban -n "__fish_kanban_using_subcommand create" -l goal -d 'Its worker goes on until a judge agrees that the goal is reached, for workers that know goals'
complete -c kanban -n "__fish_kanban_using_subcommand create" -l dry-run -d 'With --from, only check the file and show what would be made'
complete -c kanban -n "__fish_kanban_using_subcommand create" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand list" -l status -d 'Only cards in this column; may be given several times [default: all but archived]' -r
complete -c kanban -n "__fish_kanban_using_subcommand list" -l assignee -d 'Only cards of this assignee' -r
complete -c kanban -n "__fish_kanban_using_subcommand list" -l tenant -d 'Only cards of this tenant' -r
complete -c kanban -n "__fish_kanban_using_subcommand list" -l since -d 'Only cards to which something happened since then: "3h ago", yesterday, 2026-12-24; see Times in kanban --help' -r
complete -c kanban -n "__fish_kanban_using_subcommand list" -l sort -d 'The order: start (that in which they would start), created, changed or title' -r
complete -c kanban -n "__fish_kanban_using_subcommand list" -l limit -d 'At most so many' -r
complete -c kanban -n "__fish_kanban_using_subcommand list" -l format -d 'Print a line in this form for each, such as \'{id} {title}\': keys as in kanban-json(7), \\t, \\n, {{ for a brace' -r
complete -c kanban -n "__fish_kanban_using_subcommand list" -l parent -d 'Only cards that wait for this one' -r
complete -c kanban -n "__fish_kanban_using_subcommand list" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand list" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand list" -l ids -d 'Print the ids alone, one a line, for scripts'
complete -c kanban -n "__fish_kanban_using_subcommand list" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand search" -l status -d 'Only cards in this column; may be given several times [default: all but archived]' -r
complete -c kanban -n "__fish_kanban_using_subcommand search" -l assignee -d 'Only cards of this assignee' -r
complete -c kanban -n "__fish_kanban_using_subcommand search" -l tenant -d 'Only cards of this tenant' -r
complete -c kanban -n "__fish_kanban_using_subcommand search" -l since -d 'Only cards to which something happened since then: "3h ago", yesterday, 2026-12-24; see Times in kanban --help' -r
complete -c kanban -n "__fish_kanban_using_subcommand search" -l sort -d 'The order: start (that in which they would start), created, changed or title' -r
complete -c kanban -n "__fish_kanban_using_subcommand search" -l limit -d 'At most so many' -r
complete -c kanban -n "__fish_kanban_using_subcommand search" -l format -d 'Print a line in this form for each, such as \'{id} {title}\': keys as in kanban-json(7), \\t, \\n, {{ for a brace' -r
complete -c kanban -n "__fish_kanban_using_subcommand search" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand search" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand search" -l ids -d 'Print the ids alone, one a line, for scripts'
complete -c kanban -n "__fish_kanban_using_subcommand search" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand show" -l format -d 'Print the card in this form, such as \'{status} {title}\': keys as in kanban-json(7), \\t, \\n, {{ for a brace' -r
complete -c kanban -n "__fish_kanban_using_subcommand show" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand show" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand show" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand graph" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand graph" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand graph" -l dot -d 'Print it in the language of Graphviz (dot) instead'
complete -c kanban -n "__fish_kanban_using_subcommand graph" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand graph" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand context" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand context" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand context" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand context" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand board" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand board" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand board" -l archived -d 'Show the archived cards as well'
complete -c kanban -n "__fish_kanban_using_subcommand board" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand board" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand watch" -l interval -d 'How often to look whether something changed' -r
complete -c kanban -n "__fish_kanban_using_subcommand watch" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand watch" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand watch" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and not __fish_seen_subcommand_from list path create rename archive unarchive rm" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand boards; and not __fish_seen_subcommand_from list path create rename archive unarchive rm" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand boards; and not __fish_seen_subcommand_from list path create rename archive unarchive rm" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and not __fish_seen_subcommand_from list path create rename archive unarchive rm" -s h -l help -d 'Print help'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and not __fish_seen_subcommand_from list path create rename archive unarchive rm" -f -a "list" -d 'List the boards of the home and those that the configuration names'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and not __fish_seen_subcommand_from list path create rename archive unarchive rm" -f -a "path" -d 'Print the path of the board\'s database'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and not __fish_seen_subcommand_from list path create rename archive unarchive rm" -f -a "create" -d 'Make a board'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and not __fish_seen_subcommand_from list path create rename archive unarchive rm" -f -a "rename" -d 'Give a board another name'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and not __fish_seen_subcommand_from list path create rename archive unarchive rm" -f -a "archive" -d 'Put a board away'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and not __fish_seen_subcommand_from list path create rename archive unarchive rm" -f -a "unarchive" -d 'Bring a board back that was put away, or list those that were'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and not __fish_seen_subcommand_from list path create rename archive unarchive rm" -f -a "rm" -d 'Delete a board for good, with everything in its folder'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from list" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from list" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from list" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from path" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from path" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from path" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from create" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from create" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from create" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from rename" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from rename" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from rename" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from rename" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from archive" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from archive" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from archive" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from archive" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from unarchive" -l name -d 'What it is to be called [default: as it was]' -r
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from unarchive" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from unarchive" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from unarchive" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from unarchive" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from rm" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from rm" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Do not ask whether it is meant: for scripts'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from rm" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand boards; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand why" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand why" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand why" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand status" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand status" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand status" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand link" -l on -d 'Which end of the parent lets the child go: success, failure (it gave up) or any' -r
complete -c kanban -n "__fish_kanban_using_subcommand link" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand link" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand link" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand link" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand unlink" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand unlink" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand unlink" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand unlink" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand comment" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand comment" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand comment" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand comment" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand attach" -l name -d 'What the file is called there, if there is only one; refused if it is taken [default: as it is called]' -r
complete -c kanban -n "__fish_kanban_using_subcommand attach" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand attach" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand attach" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand attach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand attachments" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand attachments" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand attachments" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand attachments" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand detach" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand detach" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand detach" -s y -l yes -d 'Do not ask whether it is meant: for scripts'
complete -c kanban -n "__fish_kanban_using_subcommand detach" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand detach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand edit" -l title -d 'What it is called' -r
complete -c kanban -n "__fish_kanban_using_subcommand edit" -l body -d 'What is to be done; - reads it from standard input, an empty one takes it away' -r
complete -c kanban -n "__fish_kanban_using_subcommand edit" -l tenant -d 'A name to group cards by; an empty one takes it away' -r
complete -c kanban -n "__fish_kanban_using_subcommand edit" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand edit" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand edit" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand reprioritize" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand reprioritize" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand reprioritize" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand reprioritize" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand heartbeat" -l note -d 'What it is at' -r
complete -c kanban -n "__fish_kanban_using_subcommand heartbeat" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand heartbeat" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand heartbeat" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand heartbeat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand complete" -l summary -d 'What came of it, kept as the card\'s result' -r
complete -c kanban -n "__fish_kanban_using_subcommand complete" -l metadata -d 'Facts about it, as a JSON object, for the cards that wait for it: kept with its run' -r
complete -c kanban -n "__fish_kanban_using_subcommand complete" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand complete" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand complete" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand complete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand block" -l reason -d 'Why, for whoever is to unblock it' -r
complete -c kanban -n "__fish_kanban_using_subcommand block" -l kind -d 'What it waits for: dependency (a linked card), needs_input, capability or transient' -r
complete -c kanban -n "__fish_kanban_using_subcommand block" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand block" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand block" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand block" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand request-review" -l summary -d 'What came of it, for whoever looks at it; kept as the card\'s result' -r
complete -c kanban -n "__fish_kanban_using_subcommand request-review" -l metadata -d 'Facts about it, as a JSON object: kept with its run' -r
complete -c kanban -n "__fish_kanban_using_subcommand request-review" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand request-review" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand request-review" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand request-review" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand request-changes" -l reason -d 'What is to be changed' -r
complete -c kanban -n "__fish_kanban_using_subcommand request-changes" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand request-changes" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand request-changes" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand request-changes" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand unblock" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand unblock" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand unblock" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand unblock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand promote" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand promote" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand promote" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand promote" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand schedule" -l at -d 'Not before this time: "in 2h", "tomorrow 9:00", "2026-12-24 18:00"; see Times in kanban --help' -r
complete -c kanban -n "__fish_kanban_using_subcommand schedule" -l reason -d 'Why, for whoever reads the history' -r
complete -c kanban -n "__fish_kanban_using_subcommand schedule" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand schedule" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand schedule" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand schedule" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand retry" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand retry" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand retry" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand retry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand assign" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand assign" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand assign" -l reclaim -d 'Take running cards away from their workers first'
complete -c kanban -n "__fish_kanban_using_subcommand assign" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand assign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand reassign" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand reassign" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand reassign" -l reclaim -d 'Take running cards away from their workers first'
complete -c kanban -n "__fish_kanban_using_subcommand reassign" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand reassign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand reclaim" -l reason -d 'Why, for whoever reads the history' -r
complete -c kanban -n "__fish_kanban_using_subcommand reclaim" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand reclaim" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand reclaim" -l force -d 'Let work continue beside a process that cannot be ended'
complete -c kanban -n "__fish_kanban_using_subcommand reclaim" -s y -l yes -d 'Do not ask whether it is meant: for scripts'
complete -c kanban -n "__fish_kanban_using_subcommand reclaim" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand reclaim" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand stop" -l reason -d 'Why, for whoever reads the history' -r
complete -c kanban -n "__fish_kanban_using_subcommand stop" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand stop" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand stop" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand cancel" -l reason -d 'Why, for whoever reads the history' -r
complete -c kanban -n "__fish_kanban_using_subcommand cancel" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand cancel" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand cancel" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand archive" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand archive" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand archive" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand archive" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand mcp" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand mcp" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand mcp" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand mcp" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand log" -s n -l lines -d 'Only the last so many lines' -r
complete -c kanban -n "__fish_kanban_using_subcommand log" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand log" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand log" -l path -d 'Print the path of the log instead'
complete -c kanban -n "__fish_kanban_using_subcommand log" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand runs" -l limit -d 'At most the newest so many' -r
complete -c kanban -n "__fish_kanban_using_subcommand runs" -l format -d 'Print a line in this form for each, such as \'{id} {title}\': keys as in kanban-json(7), \\t, \\n, {{ for a brace' -r
complete -c kanban -n "__fish_kanban_using_subcommand runs" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand runs" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand runs" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand runs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand events" -l after -d 'Only what happened after the event with this number' -r
complete -c kanban -n "__fish_kanban_using_subcommand events" -l limit -d 'At most so many' -r
complete -c kanban -n "__fish_kanban_using_subcommand events" -l format -d 'Print a line in this form for each, such as \'{id} {title}\': keys as in kanban-json(7), \\t, \\n, {{ for a brace' -r
complete -c kanban -n "__fish_kanban_using_subcommand events" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand events" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand events" -s f -l follow -d 'Go on printing what happens, until interrupted; with --json one object per line'
complete -c kanban -n "__fish_kanban_using_subcommand events" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand events" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand subscribe" -l to -d 'The chat, channel, room or topic there [default: what the configuration says]' -r
complete -c kanban -n "__fish_kanban_using_subcommand subscribe" -l thread -d 'The thread there' -r
complete -c kanban -n "__fish_kanban_using_subcommand subscribe" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand subscribe" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand subscribe" -l only -d 'Only of this card, not of those that wait for it'
complete -c kanban -n "__fish_kanban_using_subcommand subscribe" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand subscribe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand unsubscribe" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand unsubscribe" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand unsubscribe" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand unsubscribe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand subscriptions" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand subscriptions" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand subscriptions" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand subscriptions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and not __fish_seen_subcommand_from list show retry cancel" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and not __fish_seen_subcommand_from list show retry cancel" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and not __fish_seen_subcommand_from list show retry cancel" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and not __fish_seen_subcommand_from list show retry cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and not __fish_seen_subcommand_from list show retry cancel" -f -a "list" -d 'List deliveries, oldest first'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and not __fish_seen_subcommand_from list show retry cancel" -f -a "show" -d 'Show a delivery: its target, its tries, and what it tells'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and not __fish_seen_subcommand_from list show retry cancel" -f -a "retry" -d 'Try again: at the next tick, as if it was the first time'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and not __fish_seen_subcommand_from list show retry cancel" -f -a "cancel" -d 'Give up: it is not sent any more'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from list" -l state -d 'Only in this state: due, in_flight, retry, delivered, dead, cancelled or held_back; repeatable' -r
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from list" -l channel -d 'Only to this channel' -r
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from list" -l task -d 'Only about this card' -r
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from list" -l limit -d 'At most the newest so many; 0 is all' -r
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from list" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from list" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from list" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from show" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from show" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from retry" -l channel -d 'With --dead, only those to this channel' -r
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from retry" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from retry" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from retry" -l dead -d 'All that are dead'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from retry" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from retry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from cancel" -l channel -d 'With --dead, only those to this channel' -r
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from cancel" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from cancel" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from cancel" -l dead -d 'All that are dead'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from cancel" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand deliveries; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand notify; and not __fish_seen_subcommand_from list test resume" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand notify; and not __fish_seen_subcommand_from list test resume" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand notify; and not __fish_seen_subcommand_from list test resume" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand notify; and not __fish_seen_subcommand_from list test resume" -s h -l help -d 'Print help'
complete -c kanban -n "__fish_kanban_using_subcommand notify; and not __fish_seen_subcommand_from list test resume" -f -a "list" -d 'List the channels of the configuration and how each stands on this board'
complete -c kanban -n "__fish_kanban_using_subcommand notify; and not __fish_seen_subcommand_from list test resume" -f -a "test" -d 'Send one message to a channel, and show what was sent and what came of it'
complete -c kanban -n "__fish_kanban_using_subcommand notify; and not __fish_seen_subcommand_from list test resume" -f -a "resume" -d 'Let a paused channel be sent to again, with all that died of it'
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from list" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from list" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from list" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from test" -l event -d 'A message about an event of this kind' -r
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from test" -l to -d 'The chat, channel, room or topic there [default: what the configuration says]' -r
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from test" -l thread -d 'The thread there' -r
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from test" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from test" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from test" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from resume" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from resume" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from resume" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand notify; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l board -d 'The board, or several, each with a --board of its own; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l jobs -d 'With several boards, so many at a time [default: as many as there are processors, and 4 at least, as a tick waits for disks more than it computes]' -r
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l patience -d 'With several boards, how long each is waited for' -r
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l timeout -d 'With --wait, exit 75 if that takes longer; workers go on running. Several boards are waited for together' -r
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l among -d 'One of so many boards whose ticks are started together; for --all' -r
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l ahead -d 'Those who were in line for slots of this machine before these; for --all' -r
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l all -d 'Tick every board of "kanban boards list", whatever KANBAN_BOARD says'
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l dry-run -d 'Show what would be done; start and signal nothing, and leave the board as it is'
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l wait -d 'Go on until nothing is running, due or ready; exit 1 if a card is blocked then'
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l in-turn -d 'Standard input is a slot of this machine; for another tick that hands it over'
complete -c kanban -n "__fish_kanban_using_subcommand tick" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand tick" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand pause" -l reason -d 'Why, for whoever wonders' -r
complete -c kanban -n "__fish_kanban_using_subcommand pause" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand pause" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand pause" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand resume" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand resume" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand resume" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand drain" -l timeout -d 'Exit 75 if it takes longer; what is paused stays paused' -r
complete -c kanban -n "__fish_kanban_using_subcommand drain" -l reason -d 'Why, for whoever wonders' -r
complete -c kanban -n "__fish_kanban_using_subcommand drain" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand drain" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand drain" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand drain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and not __fish_seen_subcommand_from print install remove" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand timer; and not __fish_seen_subcommand_from print install remove" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand timer; and not __fish_seen_subcommand_from print install remove" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and not __fish_seen_subcommand_from print install remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and not __fish_seen_subcommand_from print install remove" -f -a "print" -d 'Print the unit files, the crontab lines or the agent, and change nothing'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and not __fish_seen_subcommand_from print install remove" -f -a "install" -d 'Write the timer and start it'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and not __fish_seen_subcommand_from print install remove" -f -a "remove" -d 'Stop the timer and take away what install wrote'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from print" -l kind -d 'What runs the ticks [default: the first of systemd, launchd and cron that this machine has]' -r -f -a "systemd\t'A service and a timer of the user\'s own systemd'
systemd-system\t'The same for the machine\'s systemd, run as the owner of the board; root installs it'
cron\t'A marked block in the user\'s crontab; whole minutes'
launchd\t'An agent of launchd on macOS, while the user is logged in; 10 seconds or more'"
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from print" -l every -d 'How often; when a worker ends, the next card starts at once in any case' -r
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from print" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from print" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from print" -l all -d 'One timer for every board, those to come as well, whatever KANBAN_BOARD says; it runs kanban tick --all'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from print" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from print" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from install" -l kind -d 'What runs the ticks [default: the first of systemd, launchd and cron that this machine has]' -r -f -a "systemd\t'A service and a timer of the user\'s own systemd'
systemd-system\t'The same for the machine\'s systemd, run as the owner of the board; root installs it'
cron\t'A marked block in the user\'s crontab; whole minutes'
launchd\t'An agent of launchd on macOS, while the user is logged in; 10 seconds or more'"
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from install" -l every -d 'How often; when a worker ends, the next card starts at once in any case' -r
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from install" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from install" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from install" -l all -d 'One timer for every board, those to come as well, whatever KANBAN_BOARD says; it runs kanban tick --all'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from install" -l dry-run -d 'Show what would be written and run'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from install" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from remove" -l kind -d 'Only the timer of this kind [default: every timer that the board has]' -r -f -a "systemd\t'A service and a timer of the user\'s own systemd'
systemd-system\t'The same for the machine\'s systemd, run as the owner of the board; root installs it'
cron\t'A marked block in the user\'s crontab; whole minutes'
launchd\t'An agent of launchd on macOS, while the user is logged in; 10 seconds or more'"
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from remove" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from remove" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from remove" -l all -d 'The timer of all boards, not that of one'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from remove" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand timer; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand stats" -l format -d 'How to print it' -r -f -a "text\t'For people'
json\t'One object'
prometheus\t'The text format of Prometheus'"
complete -c kanban -n "__fish_kanban_using_subcommand stats" -l output -d 'Put it into this file instead, as a whole and readable for everybody: for the textfile collector' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand stats" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand stats" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand stats" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand stats" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand report" -l html -d 'The file to make or to replace, as a whole; "-" is standard output' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand report" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand report" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand report" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand backup" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand backup" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand backup" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand backup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand restore" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand restore" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand restore" -l stop-workers -d 'End the workers that run; their work is lost'
complete -c kanban -n "__fish_kanban_using_subcommand restore" -s y -l yes -d 'Do not ask whether it is meant: for scripts'
complete -c kanban -n "__fish_kanban_using_subcommand restore" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand gc" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand gc" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand gc" -l dry-run -d 'Show what would be removed, and remove nothing'
complete -c kanban -n "__fish_kanban_using_subcommand gc" -l shared -d 'On a board of Hermes, remove history, runs and logs too, which it reads as well'
complete -c kanban -n "__fish_kanban_using_subcommand gc" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand gc" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand vacuum" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand vacuum" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand vacuum" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand vacuum" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand check" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand check" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand check" -l quick -d 'Read the pages of the file only, and not every index against its table'
complete -c kanban -n "__fish_kanban_using_subcommand check" -l fix -d 'Mend what can be mended without losing anything'
complete -c kanban -n "__fish_kanban_using_subcommand check" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand export" -l output -d 'Put it into this file, which must not exist' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand export" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand export" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand export" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand import" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand import" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand import" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand doctor" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand doctor" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand doctor" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand config; and not __fish_seen_subcommand_from check show path" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand config; and not __fish_seen_subcommand_from check show path" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand config; and not __fish_seen_subcommand_from check show path" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand config; and not __fish_seen_subcommand_from check show path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand config; and not __fish_seen_subcommand_from check show path" -f -a "check" -d 'Say what is wrong with the configuration'
complete -c kanban -n "__fish_kanban_using_subcommand config; and not __fish_seen_subcommand_from check show path" -f -a "show" -d 'Print the configuration with every default filled in'
complete -c kanban -n "__fish_kanban_using_subcommand config; and not __fish_seen_subcommand_from check show path" -f -a "path" -d 'Print the path of the configuration file'
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from check" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from show" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from path" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from path" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kanban -n "__fish_kanban_using_subcommand demo" -l dir -d 'Make the folder here [default: demo, demo-2, … in the home of kanban]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand demo" -l board -d 'The board; a home with one board needs none' -r
complete -c kanban -n "__fish_kanban_using_subcommand demo" -l config -d 'The configuration file [default: see Files in kanban --help]' -r -F
complete -c kanban -n "__fish_kanban_using_subcommand demo" -l json -d 'Print JSON'
complete -c kanban -n "__fish_kanban_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'


use builtin;
use str;

set edit:completion:arg-completer[kanban] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'kanban'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'kanban'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand init 'Make a board, or take over the boards of Hermes Agent'
            cand create 'Make a card, or those of a file'
            cand list 'List cards, in the order in which they would start'
            cand search 'Find cards by words of their title, body or comments'
            cand show 'Show a card: what it is, what it waits for, its runs, its comments and its history'
            cand graph 'Show what a card waits for and what waits for it, as a tree'
            cand context 'Print what somebody who works on a card has to know'
            cand board 'Show the board as columns'
            cand watch 'Watch the board as it changes'
            cand boards 'List, make, rename and put away boards, or print where one is'
            cand why 'Say why a card is not running, what would start it, and when'
            cand status 'Say whether a board is served: the last tick, what runs, what is due, what is held'
            cand link 'Make a card wait for another one'
            cand unlink 'Make a card no longer wait for another one'
            cand comment 'Say something on a card'
            cand attach 'Attach files to a card'
            cand attachments 'List the files that are attached to a card, and where they are'
            cand detach 'Take files away from a card and delete them'
            cand edit 'Change what a card says'
            cand reprioritize 'Give cards another priority: higher ones start first'
            cand heartbeat 'Say that a worker is alive, and how far it is'
            cand complete 'Mark cards as done'
            cand block 'Put cards where only kanban unblock takes them out again'
            cand request-review 'Hand the work on cards over to be looked at before they are done'
            cand request-changes 'Send a card back from review to whoever did the work'
            cand unblock 'Let blocked cards go again'
            cand promote 'Make cards ready now'
            cand schedule 'Put cards off until a moment'
            cand retry 'Take cards up again that are blocked, cancelled, done or archived'
            cand assign 'Give cards to another worker or lane'
            cand reassign 'Give cards to another worker or lane'
            cand reclaim 'Take running cards away from their workers and let them start again'
            cand stop 'Take running cards away from their workers and block them'
            cand cancel 'Give cards up'
            cand archive 'Put cards away'
            cand mcp 'Serve the board to an agent as tools of the Model Context Protocol'
            cand log 'Print what the workers of a card have written'
            cand runs 'List runs: who worked on which card, how long, and how it ended'
            cand events 'Print what happened, oldest first'
            cand subscribe 'Tell a channel what happens to a card'
            cand unsubscribe 'No longer tell a channel, or any channel, what happens to a card'
            cand subscriptions 'List who is told what happens to which card'
            cand deliveries 'Look at what is told to whom, and try again or give up what could not be'
            cand notify 'List the channels, try one, or let one be sent to again'
            cand tick 'Book what has ended, start what is ready, and exit'
            cand pause 'Start nothing more on a board, or nothing more of one worker'
            cand resume 'Start again what kanban pause or kanban drain stopped'
            cand drain 'Start nothing more, and wait until what runs has ended'
            cand timer 'Have cron, systemd or launchd run the ticks of a board, or of all'
            cand stats 'Count: cards by column, runs by worker and outcome, deliveries by channel'
            cand report 'Make a page of the board for a browser: one file that needs no server'
            cand backup 'Copy the board into a file, whole, while others go on using it'
            cand restore 'Go back to a backup of the board'
            cand gc 'Remove what is no longer needed: old history, runs, logs, workspaces, messages that were delivered'
            cand vacuum 'Make the file of a board as small as what is in it'
            cand check 'Check a board: its file, what must hold between its cards and runs, and what lies beside it'
            cand export 'Print the whole board as lines of JSON, for kanban import or another program'
            cand import 'Make a board of what kanban export printed'
            cand doctor 'Say what would keep this board from being served here, and what would kill its workers'
            cand config 'Check, show or find the configuration'
            cand demo 'Run a small example from beginning to end'
        }
        &'kanban;init'= {
            cand --hermes 'The folder of a Hermes installation, such as ~/.hermes'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;create'= {
            cand --body 'What is to be done, in full; - reads it from standard input'
            cand --body-file 'Read the body from a file; - is standard input'
            cand --assignee 'The worker that is to do it, or the lane that a person pulls it from'
            cand --priority 'Cards with a higher number start first'
            cand --max-runtime 'End a run that takes longer (such as 90s, 2h) [default: the worker''s]'
            cand --max-retries 'Block the card after so many failures in a row [default: failure_limit]'
            cand --idempotency-key 'If a card with this key is there and not archived, print its id and make none'
            cand --at 'Do not start it before this time: "in 2h", "tomorrow 9:00", "2026-12-24 18:00"; see Times in kanban --help'
            cand --blocked 'Make it blocked, for this reason: it is not started until somebody unblocks it'
            cand --workspace 'Where its worker works: scratch (a folder made for the card), dir:/absolute/path, or worktree (a git worktree made for the card below the board''s default_workdir; worktree:/path names the repository, the place of the tree, or a tree that is there)'
            cand --branch 'The branch of its worktree [default: wt/ID]'
            cand --tenant 'A name to group cards by, such as a customer or a project'
            cand --model 'The model that its worker is told to use ({model})'
            cand --skill 'A skill that its worker is told to use ({skill}); may be given several times'
            cand --arg 'One more argument for its worker ({arg}); may be given several times'
            cand --verify 'A shell command: exit 0 of the work counts only if this exits 0 in the same place'
            cand --goal-max-turns 'With --goal, after so many turns at most'
            cand --parent 'A card that has to be done first; may be given several times'
            cand --after-failure 'Start it only if this card gives up; may be given several times'
            cand --after-any 'Start it when this card is done, gave up, or was cancelled; may be given several times'
            cand --from 'Make the cards of this file, all or none; - is standard input'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --triage 'Put it into triage: it is not started until somebody promotes it'
            cand --goal 'Its worker goes on until a judge agrees that the goal is reached, for workers that know goals'
            cand --dry-run 'With --from, only check the file and show what would be made'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;list'= {
            cand --status 'Only cards in this column; may be given several times [default: all but archived]'
            cand --assignee 'Only cards of this assignee'
            cand --tenant 'Only cards of this tenant'
            cand --since 'Only cards to which something happened since then: "3h ago", yesterday, 2026-12-24; see Times in kanban --help'
            cand --sort 'The order: start (that in which they would start), created, changed or title'
            cand --limit 'At most so many'
            cand --format 'Print a line in this form for each, such as ''{id} {title}'': keys as in kanban-json(7), \t, \n, {{ for a brace'
            cand --parent 'Only cards that wait for this one'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --ids 'Print the ids alone, one a line, for scripts'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;search'= {
            cand --status 'Only cards in this column; may be given several times [default: all but archived]'
            cand --assignee 'Only cards of this assignee'
            cand --tenant 'Only cards of this tenant'
            cand --since 'Only cards to which something happened since then: "3h ago", yesterday, 2026-12-24; see Times in kanban --help'
            cand --sort 'The order: start (that in which they would start), created, changed or title'
            cand --limit 'At most so many'
            cand --format 'Print a line in this form for each, such as ''{id} {title}'': keys as in kanban-json(7), \t, \n, {{ for a brace'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --ids 'Print the ids alone, one a line, for scripts'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;show'= {
            cand --format 'Print the card in this form, such as ''{status} {title}'': keys as in kanban-json(7), \t, \n, {{ for a brace'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;graph'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --dot 'Print it in the language of Graphviz (dot) instead'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;context'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;board'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --archived 'Show the archived cards as well'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;watch'= {
            cand --interval 'How often to look whether something changed'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;boards'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'List the boards of the home and those that the configuration names'
            cand path 'Print the path of the board''s database'
            cand create 'Make a board'
            cand rename 'Give a board another name'
            cand archive 'Put a board away'
            cand unarchive 'Bring a board back that was put away, or list those that were'
            cand rm 'Delete a board for good, with everything in its folder'
        }
        &'kanban;boards;list'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;boards;path'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;boards;create'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;boards;rename'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;boards;archive'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;boards;unarchive'= {
            cand --name 'What it is to be called [default: as it was]'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;boards;rm'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand -y 'Do not ask whether it is meant: for scripts'
            cand --yes 'Do not ask whether it is meant: for scripts'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;why'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;status'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;link'= {
            cand --on 'Which end of the parent lets the child go: success, failure (it gave up) or any'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;unlink'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;comment'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;attach'= {
            cand --name 'What the file is called there, if there is only one; refused if it is taken [default: as it is called]'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;attachments'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;detach'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand -y 'Do not ask whether it is meant: for scripts'
            cand --yes 'Do not ask whether it is meant: for scripts'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;edit'= {
            cand --title 'What it is called'
            cand --body 'What is to be done; - reads it from standard input, an empty one takes it away'
            cand --tenant 'A name to group cards by; an empty one takes it away'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;reprioritize'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;heartbeat'= {
            cand --note 'What it is at'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;complete'= {
            cand --summary 'What came of it, kept as the card''s result'
            cand --metadata 'Facts about it, as a JSON object, for the cards that wait for it: kept with its run'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;block'= {
            cand --reason 'Why, for whoever is to unblock it'
            cand --kind 'What it waits for: dependency (a linked card), needs_input, capability or transient'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;request-review'= {
            cand --summary 'What came of it, for whoever looks at it; kept as the card''s result'
            cand --metadata 'Facts about it, as a JSON object: kept with its run'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;request-changes'= {
            cand --reason 'What is to be changed'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;unblock'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;promote'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;schedule'= {
            cand --at 'Not before this time: "in 2h", "tomorrow 9:00", "2026-12-24 18:00"; see Times in kanban --help'
            cand --reason 'Why, for whoever reads the history'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;retry'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;assign'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --reclaim 'Take running cards away from their workers first'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;reassign'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --reclaim 'Take running cards away from their workers first'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;reclaim'= {
            cand --reason 'Why, for whoever reads the history'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --force 'Let work continue beside a process that cannot be ended'
            cand -y 'Do not ask whether it is meant: for scripts'
            cand --yes 'Do not ask whether it is meant: for scripts'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;stop'= {
            cand --reason 'Why, for whoever reads the history'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;cancel'= {
            cand --reason 'Why, for whoever reads the history'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;archive'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;mcp'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;log'= {
            cand -n 'Only the last so many lines'
            cand --lines 'Only the last so many lines'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --path 'Print the path of the log instead'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;runs'= {
            cand --limit 'At most the newest so many'
            cand --format 'Print a line in this form for each, such as ''{id} {title}'': keys as in kanban-json(7), \t, \n, {{ for a brace'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;events'= {
            cand --after 'Only what happened after the event with this number'
            cand --limit 'At most so many'
            cand --format 'Print a line in this form for each, such as ''{id} {title}'': keys as in kanban-json(7), \t, \n, {{ for a brace'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand -f 'Go on printing what happens, until interrupted; with --json one object per line'
            cand --follow 'Go on printing what happens, until interrupted; with --json one object per line'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;subscribe'= {
            cand --to 'The chat, channel, room or topic there [default: what the configuration says]'
            cand --thread 'The thread there'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --only 'Only of this card, not of those that wait for it'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;unsubscribe'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;subscriptions'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;deliveries'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand list 'List deliveries, oldest first'
            cand show 'Show a delivery: its target, its tries, and what it tells'
            cand retry 'Try again: at the next tick, as if it was the first time'
            cand cancel 'Give up: it is not sent any more'
        }
        &'kanban;deliveries;list'= {
            cand --state 'Only in this state: due, in_flight, retry, delivered, dead, cancelled or held_back; repeatable'
            cand --channel 'Only to this channel'
            cand --task 'Only about this card'
            cand --limit 'At most the newest so many; 0 is all'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;deliveries;show'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;deliveries;retry'= {
            cand --channel 'With --dead, only those to this channel'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --dead 'All that are dead'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;deliveries;cancel'= {
            cand --channel 'With --dead, only those to this channel'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --dead 'All that are dead'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;notify'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help'
            cand --help 'Print help'
            cand list 'List the channels of the configuration and how each stands on this board'
            cand test 'Send one message to a channel, and show what was sent and what came of it'
            cand resume 'Let a paused channel be sent to again, with all that died of it'
        }
        &'kanban;notify;list'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;notify;test'= {
            cand --event 'A message about an event of this kind'
            cand --to 'The chat, channel, room or topic there [default: what the configuration says]'
            cand --thread 'The thread there'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;notify;resume'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;tick'= {
            cand --board 'The board, or several, each with a --board of its own; a home with one board needs none'
            cand --jobs 'With several boards, so many at a time [default: as many as there are processors, and 4 at least, as a tick waits for disks more than it computes]'
            cand --patience 'With several boards, how long each is waited for'
            cand --timeout 'With --wait, exit 75 if that takes longer; workers go on running. Several boards are waited for together'
            cand --among 'One of so many boards whose ticks are started together; for --all'
            cand --ahead 'Those who were in line for slots of this machine before these; for --all'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --all 'Tick every board of "kanban boards list", whatever KANBAN_BOARD says'
            cand --dry-run 'Show what would be done; start and signal nothing, and leave the board as it is'
            cand --wait 'Go on until nothing is running, due or ready; exit 1 if a card is blocked then'
            cand --in-turn 'Standard input is a slot of this machine; for another tick that hands it over'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;pause'= {
            cand --reason 'Why, for whoever wonders'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;resume'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;drain'= {
            cand --timeout 'Exit 75 if it takes longer; what is paused stays paused'
            cand --reason 'Why, for whoever wonders'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;timer'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand print 'Print the unit files, the crontab lines or the agent, and change nothing'
            cand install 'Write the timer and start it'
            cand remove 'Stop the timer and take away what install wrote'
        }
        &'kanban;timer;print'= {
            cand --kind 'What runs the ticks [default: the first of systemd, launchd and cron that this machine has]'
            cand --every 'How often; when a worker ends, the next card starts at once in any case'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --all 'One timer for every board, those to come as well, whatever KANBAN_BOARD says; it runs kanban tick --all'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;timer;install'= {
            cand --kind 'What runs the ticks [default: the first of systemd, launchd and cron that this machine has]'
            cand --every 'How often; when a worker ends, the next card starts at once in any case'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --all 'One timer for every board, those to come as well, whatever KANBAN_BOARD says; it runs kanban tick --all'
            cand --dry-run 'Show what would be written and run'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;timer;remove'= {
            cand --kind 'Only the timer of this kind [default: every timer that the board has]'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --all 'The timer of all boards, not that of one'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;stats'= {
            cand --format 'How to print it'
            cand --output 'Put it into this file instead, as a whole and readable for everybody: for the textfile collector'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;report'= {
            cand --html 'The file to make or to replace, as a whole; "-" is standard output'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;backup'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;restore'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --stop-workers 'End the workers that run; their work is lost'
            cand -y 'Do not ask whether it is meant: for scripts'
            cand --yes 'Do not ask whether it is meant: for scripts'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;gc'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --dry-run 'Show what would be removed, and remove nothing'
            cand --shared 'On a board of Hermes, remove history, runs and logs too, which it reads as well'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;vacuum'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;check'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --quick 'Read the pages of the file only, and not every index against its table'
            cand --fix 'Mend what can be mended without losing anything'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;export'= {
            cand --output 'Put it into this file, which must not exist'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;import'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;doctor'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;config'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand check 'Say what is wrong with the configuration'
            cand show 'Print the configuration with every default filled in'
            cand path 'Print the path of the configuration file'
        }
        &'kanban;config;check'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;config;show'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;config;path'= {
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'kanban;demo'= {
            cand --dir 'Make the folder here [default: demo, demo-2, … in the home of kanban]'
            cand --board 'The board; a home with one board needs none'
            cand --config 'The configuration file [default: see Files in kanban --help]'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
    ]
    $completions[$command]
}

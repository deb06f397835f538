
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'kanban' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'kanban'
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
        'kanban' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Make a board, or take over the boards of Hermes Agent')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a card, or those of a file')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List cards, in the order in which they would start')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Find cards by words of their title, body or comments')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a card: what it is, what it waits for, its runs, its comments and its history')
            [CompletionResult]::new('graph', 'graph', [CompletionResultType]::ParameterValue, 'Show what a card waits for and what waits for it, as a tree')
            [CompletionResult]::new('context', 'context', [CompletionResultType]::ParameterValue, 'Print what somebody who works on a card has to know')
            [CompletionResult]::new('board', 'board', [CompletionResultType]::ParameterValue, 'Show the board as columns')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Watch the board as it changes')
            [CompletionResult]::new('boards', 'boards', [CompletionResultType]::ParameterValue, 'List, make, rename and put away boards, or print where one is')
            [CompletionResult]::new('why', 'why', [CompletionResultType]::ParameterValue, 'Say why a card is not running, what would start it, and when')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Say whether a board is served: the last tick, what runs, what is due, what is held')
            [CompletionResult]::new('link', 'link', [CompletionResultType]::ParameterValue, 'Make a card wait for another one')
            [CompletionResult]::new('unlink', 'unlink', [CompletionResultType]::ParameterValue, 'Make a card no longer wait for another one')
            [CompletionResult]::new('comment', 'comment', [CompletionResultType]::ParameterValue, 'Say something on a card')
            [CompletionResult]::new('attach', 'attach', [CompletionResultType]::ParameterValue, 'Attach files to a card')
            [CompletionResult]::new('attachments', 'attachments', [CompletionResultType]::ParameterValue, 'List the files that are attached to a card, and where they are')
            [CompletionResult]::new('detach', 'detach', [CompletionResultType]::ParameterValue, 'Take files away from a card and delete them')
            [CompletionResult]::new('edit', 'edit', [CompletionResultType]::ParameterValue, 'Change what a card says')
            [CompletionResult]::new('reprioritize', 'reprioritize', [CompletionResultType]::ParameterValue, 'Give cards another priority: higher ones start first')
            [CompletionResult]::new('heartbeat', 'heartbeat', [CompletionResultType]::ParameterValue, 'Say that a worker is alive, and how far it is')
            [CompletionResult]::new('complete', 'complete', [CompletionResultType]::ParameterValue, 'Mark cards as done')
            [CompletionResult]::new('block', 'block', [CompletionResultType]::ParameterValue, 'Put cards where only kanban unblock takes them out again')
            [CompletionResult]::new('request-review', 'request-review', [CompletionResultType]::ParameterValue, 'Hand the work on cards over to be looked at before they are done')
            [CompletionResult]::new('request-changes', 'request-changes', [CompletionResultType]::ParameterValue, 'Send a card back from review to whoever did the work')
            [CompletionResult]::new('unblock', 'unblock', [CompletionResultType]::ParameterValue, 'Let blocked cards go again')
            [CompletionResult]::new('promote', 'promote', [CompletionResultType]::ParameterValue, 'Make cards ready now')
            [CompletionResult]::new('schedule', 'schedule', [CompletionResultType]::ParameterValue, 'Put cards off until a moment')
            [CompletionResult]::new('retry', 'retry', [CompletionResultType]::ParameterValue, 'Take cards up again that are blocked, cancelled, done or archived')
            [CompletionResult]::new('assign', 'assign', [CompletionResultType]::ParameterValue, 'Give cards to another worker or lane')
            [CompletionResult]::new('reassign', 'reassign', [CompletionResultType]::ParameterValue, 'Give cards to another worker or lane')
            [CompletionResult]::new('reclaim', 'reclaim', [CompletionResultType]::ParameterValue, 'Take running cards away from their workers and let them start again')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Take running cards away from their workers and block them')
            [CompletionResult]::new('cancel', 'cancel', [CompletionResultType]::ParameterValue, 'Give cards up')
            [CompletionResult]::new('archive', 'archive', [CompletionResultType]::ParameterValue, 'Put cards away')
            [CompletionResult]::new('mcp', 'mcp', [CompletionResultType]::ParameterValue, 'Serve the board to an agent as tools of the Model Context Protocol')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Print what the workers of a card have written')
            [CompletionResult]::new('runs', 'runs', [CompletionResultType]::ParameterValue, 'List runs: who worked on which card, how long, and how it ended')
            [CompletionResult]::new('events', 'events', [CompletionResultType]::ParameterValue, 'Print what happened, oldest first')
            [CompletionResult]::new('subscribe', 'subscribe', [CompletionResultType]::ParameterValue, 'Tell a channel what happens to a card')
            [CompletionResult]::new('unsubscribe', 'unsubscribe', [CompletionResultType]::ParameterValue, 'No longer tell a channel, or any channel, what happens to a card')
            [CompletionResult]::new('subscriptions', 'subscriptions', [CompletionResultType]::ParameterValue, 'List who is told what happens to which card')
            [CompletionResult]::new('deliveries', 'deliveries', [CompletionResultType]::ParameterValue, 'Look at what is told to whom, and try again or give up what could not be')
            [CompletionResult]::new('notify', 'notify', [CompletionResultType]::ParameterValue, 'List the channels, try one, or let one be sent to again')
            [CompletionResult]::new('tick', 'tick', [CompletionResultType]::ParameterValue, 'Book what has ended, start what is ready, and exit')
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Start nothing more on a board, or nothing more of one worker')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Start again what kanban pause or kanban drain stopped')
            [CompletionResult]::new('drain', 'drain', [CompletionResultType]::ParameterValue, 'Start nothing more, and wait until what runs has ended')
            [CompletionResult]::new('timer', 'timer', [CompletionResultType]::ParameterValue, 'Have cron, systemd or launchd run the ticks of a board, or of all')
            [CompletionResult]::new('stats', 'stats', [CompletionResultType]::ParameterValue, 'Count: cards by column, runs by worker and outcome, deliveries by channel')
            [CompletionResult]::new('report', 'report', [CompletionResultType]::ParameterValue, 'Make a page of the board for a browser: one file that needs no server')
            [CompletionResult]::new('backup', 'backup', [CompletionResultType]::ParameterValue, 'Copy the board into a file, whole, while others go on using it')
            [CompletionResult]::new('restore', 'restore', [CompletionResultType]::ParameterValue, 'Go back to a backup of the board')
            [CompletionResult]::new('gc', 'gc', [CompletionResultType]::ParameterValue, 'Remove what is no longer needed: old history, runs, logs, workspaces, messages that were delivered')
            [CompletionResult]::new('vacuum', 'vacuum', [CompletionResultType]::ParameterValue, 'Make the file of a board as small as what is in it')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Check a board: its file, what must hold between its cards and runs, and what lies beside it')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print the whole board as lines of JSON, for kanban import or another program')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Make a board of what kanban export printed')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Say what would keep this board from being served here, and what would kill its workers')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Check, show or find the configuration')
            [CompletionResult]::new('demo', 'demo', [CompletionResultType]::ParameterValue, 'Run a small example from beginning to end')
            break
        }
        'kanban;init' {
            [CompletionResult]::new('--hermes', '--hermes', [CompletionResultType]::ParameterName, 'The folder of a Hermes installation, such as ~/.hermes')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;create' {
            [CompletionResult]::new('--body', '--body', [CompletionResultType]::ParameterName, 'What is to be done, in full; - reads it from standard input')
            [CompletionResult]::new('--body-file', '--body-file', [CompletionResultType]::ParameterName, 'Read the body from a file; - is standard input')
            [CompletionResult]::new('--assignee', '--assignee', [CompletionResultType]::ParameterName, 'The worker that is to do it, or the lane that a person pulls it from')
            [CompletionResult]::new('--priority', '--priority', [CompletionResultType]::ParameterName, 'Cards with a higher number start first')
            [CompletionResult]::new('--max-runtime', '--max-runtime', [CompletionResultType]::ParameterName, 'End a run that takes longer (such as 90s, 2h) [default: the worker''s]')
            [CompletionResult]::new('--max-retries', '--max-retries', [CompletionResultType]::ParameterName, 'Block the card after so many failures in a row [default: failure_limit]')
            [CompletionResult]::new('--idempotency-key', '--idempotency-key', [CompletionResultType]::ParameterName, 'If a card with this key is there and not archived, print its id and make none')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Do not start it before this time: "in 2h", "tomorrow 9:00", "2026-12-24 18:00"; see Times in kanban --help')
            [CompletionResult]::new('--blocked', '--blocked', [CompletionResultType]::ParameterName, 'Make it blocked, for this reason: it is not started until somebody unblocks it')
            [CompletionResult]::new('--workspace', '--workspace', [CompletionResultType]::ParameterName, 'Where its worker works: scratch (a folder made for the card), dir:/absolute/path, or worktree (a git worktree made for the card below the board''s default_workdir; worktree:/path names the repository, the place of the tree, or a tree that is there)')
            [CompletionResult]::new('--branch', '--branch', [CompletionResultType]::ParameterName, 'The branch of its worktree [default: wt/ID]')
            [CompletionResult]::new('--tenant', '--tenant', [CompletionResultType]::ParameterName, 'A name to group cards by, such as a customer or a project')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model that its worker is told to use ({model})')
            [CompletionResult]::new('--skill', '--skill', [CompletionResultType]::ParameterName, 'A skill that its worker is told to use ({skill}); may be given several times')
            [CompletionResult]::new('--arg', '--arg', [CompletionResultType]::ParameterName, 'One more argument for its worker ({arg}); may be given several times')
            [CompletionResult]::new('--verify', '--verify', [CompletionResultType]::ParameterName, 'A shell command: exit 0 of the work counts only if this exits 0 in the same place')
            [CompletionResult]::new('--goal-max-turns', '--goal-max-turns', [CompletionResultType]::ParameterName, 'With --goal, after so many turns at most')
            [CompletionResult]::new('--parent', '--parent', [CompletionResultType]::ParameterName, 'A card that has to be done first; may be given several times')
            [CompletionResult]::new('--after-failure', '--after-failure', [CompletionResultType]::ParameterName, 'Start it only if this card gives up; may be given several times')
            [CompletionResult]::new('--after-any', '--after-any', [CompletionResultType]::ParameterName, 'Start it when this card is done, gave up, or was cancelled; may be given several times')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Make the cards of this file, all or none; - is standard input')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--triage', '--triage', [CompletionResultType]::ParameterName, 'Put it into triage: it is not started until somebody promotes it')
            [CompletionResult]::new('--goal', '--goal', [CompletionResultType]::ParameterName, 'Its worker goes on until a judge agrees that the goal is reached, for workers that know goals')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'With --from, only check the file and show what would be made')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;list' {
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Only cards in this column; may be given several times [default: all but archived]')
            [CompletionResult]::new('--assignee', '--assignee', [CompletionResultType]::ParameterName, 'Only cards of this assignee')
            [CompletionResult]::new('--tenant', '--tenant', [CompletionResultType]::ParameterName, 'Only cards of this tenant')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only cards to which something happened since then: "3h ago", yesterday, 2026-12-24; see Times in kanban --help')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'The order: start (that in which they would start), created, changed or title')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most so many')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Print a line in this form for each, such as ''{id} {title}'': keys as in kanban-json(7), \t, \n, {{ for a brace')
            [CompletionResult]::new('--parent', '--parent', [CompletionResultType]::ParameterName, 'Only cards that wait for this one')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--ids', '--ids', [CompletionResultType]::ParameterName, 'Print the ids alone, one a line, for scripts')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;search' {
            [CompletionResult]::new('--status', '--status', [CompletionResultType]::ParameterName, 'Only cards in this column; may be given several times [default: all but archived]')
            [CompletionResult]::new('--assignee', '--assignee', [CompletionResultType]::ParameterName, 'Only cards of this assignee')
            [CompletionResult]::new('--tenant', '--tenant', [CompletionResultType]::ParameterName, 'Only cards of this tenant')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only cards to which something happened since then: "3h ago", yesterday, 2026-12-24; see Times in kanban --help')
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'The order: start (that in which they would start), created, changed or title')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most so many')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Print a line in this form for each, such as ''{id} {title}'': keys as in kanban-json(7), \t, \n, {{ for a brace')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--ids', '--ids', [CompletionResultType]::ParameterName, 'Print the ids alone, one a line, for scripts')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;show' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Print the card in this form, such as ''{status} {title}'': keys as in kanban-json(7), \t, \n, {{ for a brace')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;graph' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--dot', '--dot', [CompletionResultType]::ParameterName, 'Print it in the language of Graphviz (dot) instead')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;context' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;board' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--archived', '--archived', [CompletionResultType]::ParameterName, 'Show the archived cards as well')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;watch' {
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'How often to look whether something changed')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;boards' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the boards of the home and those that the configuration names')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print the path of the board''s database')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Make a board')
            [CompletionResult]::new('rename', 'rename', [CompletionResultType]::ParameterValue, 'Give a board another name')
            [CompletionResult]::new('archive', 'archive', [CompletionResultType]::ParameterValue, 'Put a board away')
            [CompletionResult]::new('unarchive', 'unarchive', [CompletionResultType]::ParameterValue, 'Bring a board back that was put away, or list those that were')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Delete a board for good, with everything in its folder')
            break
        }
        'kanban;boards;list' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;boards;path' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;boards;create' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;boards;rename' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;boards;archive' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;boards;unarchive' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'What it is to be called [default: as it was]')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;boards;rm' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask whether it is meant: for scripts')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask whether it is meant: for scripts')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;why' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;status' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;link' {
            [CompletionResult]::new('--on', '--on', [CompletionResultType]::ParameterName, 'Which end of the parent lets the child go: success, failure (it gave up) or any')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;unlink' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;comment' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;attach' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'What the file is called there, if there is only one; refused if it is taken [default: as it is called]')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;attachments' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;detach' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask whether it is meant: for scripts')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask whether it is meant: for scripts')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;edit' {
            [CompletionResult]::new('--title', '--title', [CompletionResultType]::ParameterName, 'What it is called')
            [CompletionResult]::new('--body', '--body', [CompletionResultType]::ParameterName, 'What is to be done; - reads it from standard input, an empty one takes it away')
            [CompletionResult]::new('--tenant', '--tenant', [CompletionResultType]::ParameterName, 'A name to group cards by; an empty one takes it away')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;reprioritize' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;heartbeat' {
            [CompletionResult]::new('--note', '--note', [CompletionResultType]::ParameterName, 'What it is at')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;complete' {
            [CompletionResult]::new('--summary', '--summary', [CompletionResultType]::ParameterName, 'What came of it, kept as the card''s result')
            [CompletionResult]::new('--metadata', '--metadata', [CompletionResultType]::ParameterName, 'Facts about it, as a JSON object, for the cards that wait for it: kept with its run')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;block' {
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for whoever is to unblock it')
            [CompletionResult]::new('--kind', '--kind', [CompletionResultType]::ParameterName, 'What it waits for: dependency (a linked card), needs_input, capability or transient')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;request-review' {
            [CompletionResult]::new('--summary', '--summary', [CompletionResultType]::ParameterName, 'What came of it, for whoever looks at it; kept as the card''s result')
            [CompletionResult]::new('--metadata', '--metadata', [CompletionResultType]::ParameterName, 'Facts about it, as a JSON object: kept with its run')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;request-changes' {
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'What is to be changed')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;unblock' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;promote' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;schedule' {
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Not before this time: "in 2h", "tomorrow 9:00", "2026-12-24 18:00"; see Times in kanban --help')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for whoever reads the history')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;retry' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;assign' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--reclaim', '--reclaim', [CompletionResultType]::ParameterName, 'Take running cards away from their workers first')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;reassign' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--reclaim', '--reclaim', [CompletionResultType]::ParameterName, 'Take running cards away from their workers first')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;reclaim' {
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for whoever reads the history')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Let work continue beside a process that cannot be ended')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask whether it is meant: for scripts')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask whether it is meant: for scripts')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;stop' {
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for whoever reads the history')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;cancel' {
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for whoever reads the history')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;archive' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;mcp' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;log' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only the last so many lines')
            [CompletionResult]::new('--lines', '--lines', [CompletionResultType]::ParameterName, 'Only the last so many lines')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Print the path of the log instead')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;runs' {
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most the newest so many')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Print a line in this form for each, such as ''{id} {title}'': keys as in kanban-json(7), \t, \n, {{ for a brace')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;events' {
            [CompletionResult]::new('--after', '--after', [CompletionResultType]::ParameterName, 'Only what happened after the event with this number')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most so many')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Print a line in this form for each, such as ''{id} {title}'': keys as in kanban-json(7), \t, \n, {{ for a brace')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Go on printing what happens, until interrupted; with --json one object per line')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Go on printing what happens, until interrupted; with --json one object per line')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;subscribe' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The chat, channel, room or topic there [default: what the configuration says]')
            [CompletionResult]::new('--thread', '--thread', [CompletionResultType]::ParameterName, 'The thread there')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Only of this card, not of those that wait for it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;unsubscribe' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;subscriptions' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;deliveries' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List deliveries, oldest first')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show a delivery: its target, its tries, and what it tells')
            [CompletionResult]::new('retry', 'retry', [CompletionResultType]::ParameterValue, 'Try again: at the next tick, as if it was the first time')
            [CompletionResult]::new('cancel', 'cancel', [CompletionResultType]::ParameterValue, 'Give up: it is not sent any more')
            break
        }
        'kanban;deliveries;list' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Only in this state: due, in_flight, retry, delivered, dead, cancelled or held_back; repeatable')
            [CompletionResult]::new('--channel', '--channel', [CompletionResultType]::ParameterName, 'Only to this channel')
            [CompletionResult]::new('--task', '--task', [CompletionResultType]::ParameterName, 'Only about this card')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most the newest so many; 0 is all')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;deliveries;show' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;deliveries;retry' {
            [CompletionResult]::new('--channel', '--channel', [CompletionResultType]::ParameterName, 'With --dead, only those to this channel')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--dead', '--dead', [CompletionResultType]::ParameterName, 'All that are dead')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;deliveries;cancel' {
            [CompletionResult]::new('--channel', '--channel', [CompletionResultType]::ParameterName, 'With --dead, only those to this channel')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--dead', '--dead', [CompletionResultType]::ParameterName, 'All that are dead')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;notify' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the channels of the configuration and how each stands on this board')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Send one message to a channel, and show what was sent and what came of it')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Let a paused channel be sent to again, with all that died of it')
            break
        }
        'kanban;notify;list' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;notify;test' {
            [CompletionResult]::new('--event', '--event', [CompletionResultType]::ParameterName, 'A message about an event of this kind')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The chat, channel, room or topic there [default: what the configuration says]')
            [CompletionResult]::new('--thread', '--thread', [CompletionResultType]::ParameterName, 'The thread there')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;notify;resume' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;tick' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board, or several, each with a --board of its own; a home with one board needs none')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'With several boards, so many at a time [default: as many as there are processors, and 4 at least, as a tick waits for disks more than it computes]')
            [CompletionResult]::new('--patience', '--patience', [CompletionResultType]::ParameterName, 'With several boards, how long each is waited for')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'With --wait, exit 75 if that takes longer; workers go on running. Several boards are waited for together')
            [CompletionResult]::new('--among', '--among', [CompletionResultType]::ParameterName, 'One of so many boards whose ticks are started together; for --all')
            [CompletionResult]::new('--ahead', '--ahead', [CompletionResultType]::ParameterName, 'Those who were in line for slots of this machine before these; for --all')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Tick every board of "kanban boards list", whatever KANBAN_BOARD says')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done; start and signal nothing, and leave the board as it is')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Go on until nothing is running, due or ready; exit 1 if a card is blocked then')
            [CompletionResult]::new('--in-turn', '--in-turn', [CompletionResultType]::ParameterName, 'Standard input is a slot of this machine; for another tick that hands it over')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;pause' {
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for whoever wonders')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;resume' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;drain' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Exit 75 if it takes longer; what is paused stays paused')
            [CompletionResult]::new('--reason', '--reason', [CompletionResultType]::ParameterName, 'Why, for whoever wonders')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;timer' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('print', 'print', [CompletionResultType]::ParameterValue, 'Print the unit files, the crontab lines or the agent, and change nothing')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Write the timer and start it')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Stop the timer and take away what install wrote')
            break
        }
        'kanban;timer;print' {
            [CompletionResult]::new('--kind', '--kind', [CompletionResultType]::ParameterName, 'What runs the ticks [default: the first of systemd, launchd and cron that this machine has]')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'How often; when a worker ends, the next card starts at once in any case')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'One timer for every board, those to come as well, whatever KANBAN_BOARD says; it runs kanban tick --all')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;timer;install' {
            [CompletionResult]::new('--kind', '--kind', [CompletionResultType]::ParameterName, 'What runs the ticks [default: the first of systemd, launchd and cron that this machine has]')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'How often; when a worker ends, the next card starts at once in any case')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'One timer for every board, those to come as well, whatever KANBAN_BOARD says; it runs kanban tick --all')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be written and run')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;timer;remove' {
            [CompletionResult]::new('--kind', '--kind', [CompletionResultType]::ParameterName, 'Only the timer of this kind [default: every timer that the board has]')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'The timer of all boards, not that of one')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;stats' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print it')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Put it into this file instead, as a whole and readable for everybody: for the textfile collector')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;report' {
            [CompletionResult]::new('--html', '--html', [CompletionResultType]::ParameterName, 'The file to make or to replace, as a whole; "-" is standard output')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;backup' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;restore' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--stop-workers', '--stop-workers', [CompletionResultType]::ParameterName, 'End the workers that run; their work is lost')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask whether it is meant: for scripts')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask whether it is meant: for scripts')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;gc' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be removed, and remove nothing')
            [CompletionResult]::new('--shared', '--shared', [CompletionResultType]::ParameterName, 'On a board of Hermes, remove history, runs and logs too, which it reads as well')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;vacuum' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;check' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--quick', '--quick', [CompletionResultType]::ParameterName, 'Read the pages of the file only, and not every index against its table')
            [CompletionResult]::new('--fix', '--fix', [CompletionResultType]::ParameterName, 'Mend what can be mended without losing anything')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;export' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Put it into this file, which must not exist')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;import' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;doctor' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;config' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Say what is wrong with the configuration')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the configuration with every default filled in')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print the path of the configuration file')
            break
        }
        'kanban;config;check' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;config;show' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;config;path' {
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kanban;demo' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Make the folder here [default: demo, demo-2, … in the home of kanban]')
            [CompletionResult]::new('--board', '--board', [CompletionResultType]::ParameterName, 'The board; a home with one board needs none')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: see Files in kanban --help]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}

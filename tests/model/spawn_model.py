#!/usr/bin/env python3
"""Explicit-state model checker of the spawn protocol: one card, two overlapping ticks, and the processes of its runs.

The checker explores every interleaving of the steps and faults of a configuration, and checks in every state:
  I1  at most one worker of the card executes user code
  I2  when no more faults occur, the card gets done and every run is closed
  I3  a run becomes `lost` only if its supervisor was killed
  I4  a `requeued` run never executed user code; a `finished` run left an exit record
  I5  no unrelated process is killed
  I6  a process writes an exit record only while it holds the run lock

Usage: spawn_model.py [--all] [--kills N] [--misses N] ...
Without --all only the protocol runs, not the mutants. A budget such as --kills applies to every configuration.
In a trace, t0 and t1 are ticks; s1, g1, w1 and x1 are the supervisor, guard, worker and unrelated process of run 1.
"""
import argparse
import gc
import sys
from collections import deque, namedtuple
from itertools import chain
from multiprocessing import Pool
from types import SimpleNamespace

# A tick is (step, index of the run it works on, note). The note counts empty scans, or is a row that was read too early.
# The fields after `runs` are budgets: how often each event may still occur.
State = namedtuple('State', 'task ticks runs starts kills foreign misses others restores')
# One run: its row, whether the card names it, its processes, its exit record, and the unrelated process with its number.
# `released`: a process called LOCK_UN on the descriptor that the tick, the guard and the supervisor share.
Run = namedtuple('Run', 'row current sup wrk guard record released other')

NONE = '-'
READY, IN_PROGRESS, DONE = 'ready', 'in-progress', 'done'  # task
CLAIMED, STARTED, FINISHED, LOST, REQUEUED = 'claimed', 'started', 'finished', 'lost', 'requeued'  # row
FORGOTTEN = 'forgotten'  # the folder of a run without a row was removed
OPEN, CLOSED = {CLAIMED, STARTED}, {FINISHED, LOST, REQUEUED, FORGOTTEN}
IDLE, REAP, READ, PROBE, KILL = 'idle', 'reap', 'read', 'probe', 'kill'  # tick
CLAIM, COMMIT, FORK, CLOSE = 'claim', 'commit', 'fork', 'close'
REAPER_HOLDS, CLAIMER_HOLDS = {PROBE, KILL}, {COMMIT, FORK, CLOSE}
# The supervisor: S0 takes the lock (only a mutant does), S1 forks the worker, S2 fences (CAS), S3 opens the gate, S4 waits for
# the worker, S5 writes the record, S6 releases the lock, S7 exits.
S0, S1, S2, S2B, S3, S4, S5, S6, S7 = 's0', 's1', 's2', 's2b', 's3', 's4', 's5', 's6', 's7'
DEAD, KILLED = 'dead', 'killed'  # DEAD: exited by itself
SUP_OVER, SUP_HOLDS = {NONE, DEAD, KILLED}, {S1, S2, S2B, S3, S4, S5, S6}
GATED, RUNNING, ENDED, ABORTED = 'gated', 'running', 'ended', 'aborted'  # worker; ABORTED: ended before the gate opened
DROPPED, ESCAPED = 'dropped', 'escaped'  # without tree lock and death signal; ESCAPED: not found by scans either
EXECUTES, EXECUTED = {RUNNING, DROPPED, ESCAPED}, {RUNNING, DROPPED, ESCAPED, ENDED}
LIVE, HOLDS_TREE, WORKER_OVER = EXECUTES | {GATED}, {GATED, RUNNING}, {NONE, ENDED, ABORTED}
STARTING, WATCH, SWEPT, WRITTEN = 'starting', 'watch', 'swept', 'written'  # guard
GUARD_LIVE = {STARTING, WATCH, SWEPT, WRITTEN}
OK, ORPHANED, UNLOCKED = 'ok', 'orphaned', 'unlocked'  # exit record, besides ABORTED; UNLOCKED: written without the lock
# `other` is an unrelated process that has the number of the run's group or pid. DOUBT: it is in the recorded session, so it
# cannot be shown to be unrelated; it ends at some time. NUMBER: its session or start time differs; it never ends.
# VICTIM: the process was killed.
DOUBT, NUMBER, VICTIM = 'doubt', 'number', 'victim'

NEW_RUN = Run(NONE, False, NONE, NONE, NONE, None, False, NONE)
IDLE_TICK = (IDLE, 0, 0)
# In the functions, `s` is a state, `o` the options of the configuration, `t` the index of a tick, `i` and `at` of a run.

def put(items, i, value):
    return items[:i] + (value,) + items[i + 1:]

def with_run(s, i, **changes):
    return s._replace(runs=put(s.runs, i, s.runs[i]._replace(**changes)))

def ended(worker):
    """The state of a worker after a kill or an end of file at the gate."""
    return ENDED if worker in EXECUTES else ABORTED if worker == GATED else worker

def held(s, i, o):
    """Whether the run lock is held: by an inherited copy of the claiming tick's descriptor, or by a reaping tick."""
    run = s.runs[i]
    if not run.released and (run.sup in SUP_HOLDS or run.guard in GUARD_LIVE):
        return True
    claimer = not run.released and 'supervisor-locks' not in o.mut
    return any(at == i and (step in REAPER_HOLDS or claimer and step in CLAIMER_HOLDS) for step, at, _ in s.ticks)

def next_open(s, at):
    while at < len(s.runs) and s.runs[at].row in CLOSED:
        at += 1
    return at

# --- steps of a tick ---

def tick_steps(s, o, t):
    step, at, note = s.ticks[t]

    def go(step, at=at, note=0, state=s):
        return state._replace(ticks=put(s.ticks, t, (step, at, note)))

    if step == IDLE and s.starts:
        yield f't{t}.start', go(REAP, 0)._replace(starts=s.starts - 1)
    elif step == REAP:
        at = next_open(s, at)
        if at == len(s.runs):
            refused = 'list-first' in o.mut and any(run.row == NONE for run in s.runs)
            yield f't{t}.reaped-all', go(IDLE if refused else CLAIM, 0)
        elif s.runs[at].row == NONE and not o.folders:
            yield f't{t}.skip{at}', go(REAP, at + 1)
        elif 'stale-row' in o.mut:
            yield f't{t}.read{at}', go(READ, at, s.runs[at].row)
        else:
            yield probe_lock(s, o, t, at, 0, go)
    elif step == READ:
        yield probe_lock(s, o, t, at, CLAIMED if note == CLAIMED else 0, go)
    elif step == PROBE:
        yield from reap_steps(s, o, t, at, note, go)
    elif step == KILL:
        yield f't{t}.kill{at}', go(PROBE, state=kill_found(s, o, at))
    elif step == CLAIM:
        if s.task == READY:
            after = FORK if 'fork-first' in o.mut else COMMIT
            yield f't{t}.mklock{len(s.runs)}', go(after, len(s.runs), state=s._replace(runs=s.runs + (NEW_RUN,)))
        else:
            yield f't{t}.exit', go(IDLE, 0)
    elif step == COMMIT:
        if admitted(s, o, at):
            runs = tuple(run._replace(current=False) for run in s.runs)
            claimed = with_run(s._replace(task=IN_PROGRESS, runs=runs), at, row=CLAIMED, current=True)
            yield f't{t}.commit{at}', go(CLOSE if 'fork-first' in o.mut else FORK, state=claimed)
        else:
            yield f't{t}.refused{at}', go(IDLE, 0, state=s if 'fork-first' in o.mut else with_run(s, at, row=FORGOTTEN))
    elif step == FORK:
        first = S0 if 'supervisor-locks' in o.mut else S1
        forked = with_run(s, at, guard=STARTING) if o.guard else with_run(s, at, sup=first)
        yield f't{t}.fork{at}', go(COMMIT if 'fork-first' in o.mut else CLOSE, state=forked)
    elif step == CLOSE:
        # close() drops one copy of the descriptor. LOCK_UN would release the lock for the supervisor too.
        yield f't{t}.close{at}', go(IDLE, 0, state=with_run(s, at, released=True) if 'tick-unlocks' in o.mut else s)

def probe_lock(s, o, t, at, note, go):
    return (f't{t}.alive{at}', go(REAP, at + 1)) if held(s, at, o) else (f't{t}.lock{at}', go(PROBE, at, note))

def admitted(s, o, at):
    """The conditions of the claim, which one transaction checks."""
    others = [run.row for i, run in enumerate(s.runs) if i != at]
    no_open_run = 'no-admission' in o.mut or not any(row in OPEN for row in others)
    return s.task == READY and no_open_run and not (o.folders and NONE in others and 'list-first' not in o.mut)

def reap_steps(s, o, t, at, note, go):
    """The tick holds the run lock. It closes the run if the record or enough scans prove that the run is over."""
    run = s.runs[at]
    row = CLAIMED if note == CLAIMED else STARTED if o.marker and run.wrk in EXECUTED and run.row == CLAIMED else run.row

    def close(end, task=READY):
        label = f't{t}.{end}{at}'
        state = with_run(s, at, row=end, current=False, other=VICTIM if run.other == VICTIM else NONE)
        if run.current and s.task == IN_PROGRESS:
            state = state._replace(task=task)
        return label, go(REAP, at + 1, state=state)

    if run.row in CLOSED:
        yield f't{t}.stale{at}', go(REAP, at + 1)
    elif row == NONE and run.record:
        yield close(FORGOTTEN)
    elif run.record == OK:
        yield close(FINISHED, DONE)
    elif run.record == ABORTED or row == CLAIMED:
        yield close(REQUEUED)
    elif run.record == ORPHANED or note >= o.scans:
        yield close(FORGOTTEN if row == NONE else LOST)
    else:
        for result in scan(run, s, o):
            label = f't{t}.scan-{result}{at}'
            if result == 'empty':
                yield label, go(PROBE, note=note + 1)
            elif result == 'missed':
                yield label, go(PROBE, note=note + 1, state=s._replace(misses=s.misses - 1))
            elif result == 'found' and row != NONE:
                yield label, go(KILL)
            else:
                yield label, go(REAP, at + 1)  # the run keeps its card until a later tick; nothing is killed without a row

def scan(run, s, o):
    """The possible results of one check of the tree lock, the cgroup and the processes."""
    if run.wrk in HOLDS_TREE and 'no-tree' not in o.mut:
        yield 'found'
    elif 'no-scan' not in o.mut and run.wrk in LIVE and (o.cgroup or run.wrk != ESCAPED):
        yield 'found'
        if s.misses and not o.cgroup:
            yield 'missed'  # it forked and exited while /proc was read
    elif run.other == DOUBT or run.other == NUMBER and 'number-is-life' in o.mut:
        yield 'found' if 'kill-by-number' in o.mut else 'doubt'
    else:
        yield 'empty'

def kill_found(s, o, at):
    """Kills through a pidfd: a process that took the number after the scan survives."""
    run = s.runs[at]
    if run.wrk in LIVE and (o.cgroup or run.wrk != ESCAPED):
        return with_run(s, at, wrk=ended(run.wrk))
    if run.other in (DOUBT, NUMBER) and ('no-pidfd' in o.mut or 'kill-by-number' in o.mut):
        return with_run(s, at, other=VICTIM)
    return s

# --- steps of the other processes ---

def supervisor_steps(s, o, i):
    run = s.runs[i]
    if run.sup == S0:
        yield (f's{i}.lockfail', with_run(s, i, sup=DEAD)) if held(s, i, o) else (f's{i}.lock', with_run(s, i, sup=S1))
    elif run.sup == S1:
        yield f's{i}.forkworker', with_run(s, i, sup=S2, wrk=GATED)
    elif run.sup == S2:
        if 'no-cas' in o.mut:
            yield f's{i}.nocas', with_run(s, i, sup=S3, row=STARTED if run.row in (CLAIMED, NONE) else run.row)
        elif 'gate-first' in o.mut:
            yield f's{i}.gate!', with_run(s, i, sup=S2B, wrk=RUNNING if run.wrk == GATED else run.wrk)
        elif run.row == CLAIMED and run.current and s.task == IN_PROGRESS:
            yield f's{i}.cas', with_run(s, i, sup=S3, row=STARTED)
        else:
            yield f's{i}.fenced', with_run(s, i, sup=S6, wrk=ended(run.wrk), record=ABORTED)
    elif run.sup == S2B:
        yield f's{i}.cas-late', with_run(s, i, sup=S4, row=STARTED if run.row == CLAIMED else run.row)
    elif run.sup == S3:
        yield f's{i}.gate', with_run(s, i, sup=S4, wrk=RUNNING if run.wrk == GATED else run.wrk)
    elif run.sup == S4 and run.wrk in WORKER_OVER:  # it ends the group while the zombie pins the number, then reaps
        yield f's{i}.reaped', with_run(s, i, sup=S5)
    elif run.sup == S5:
        hit = VICTIM if 'reap-first' in o.mut and run.other != NONE else run.other
        yield f's{i}.record', with_run(s, i, sup=S6, record=UNLOCKED if run.released else OK, other=hit)
    elif run.sup == S6:  # LOCK_UN frees the lock although the guard has a copy
        yield f's{i}.unlock', with_run(s, i, sup=S7 if o.guard else DEAD, released='no-unlock' not in o.mut)
    elif run.sup == S7:
        yield f's{i}.exit', with_run(s, i, sup=DEAD)

def guard_steps(s, o, i):
    """The guard adopts the orphans of a killed supervisor, kills them and writes the record.

    After an orderly exit of the supervisor the guard has nothing to do for this run. It may live on for other runs.
    """
    run = s.runs[i]
    if run.guard == STARTING:
        yield f'g{i}.fork', with_run(s, i, guard=WATCH, sup=S1)
    elif run.guard in GUARD_LIVE and run.sup == KILLED:
        done = (WATCH, SWEPT, WRITTEN).index(run.guard)
        action, after = o.guard_order[done], (SWEPT, WRITTEN, DEAD)[done]
        if action == 'sweep':
            yield f'g{i}.sweep', with_run(s, i, guard=after, wrk=ended(run.wrk))
        elif action == 'record':
            yield f'g{i}.record', with_run(s, i, guard=after, record=guard_record(run, o))
        else:
            yield f'g{i}.unlock', with_run(s, i, guard=after, released=True)

def guard_record(run, o):
    """The record after the guard looked at it. A record of the supervisor stays.

    Without the lock the guard must not write: the tick may have reset the folder of a closed run for another run.
    """
    writes_unlocked = run.row in CLOSED and 'guard-trusts-file' in o.mut or o.guard_order[1:] == ('unlock', 'record')
    if run.released:
        return UNLOCKED if writes_unlocked else run.record
    return run.record or ORPHANED

def worker_steps(s, i):
    run = s.runs[i]
    if run.wrk == GATED and run.sup in (DEAD, KILLED):
        yield f'w{i}.eof', with_run(s, i, wrk=ABORTED)
    elif run.wrk in EXECUTES:
        yield f'w{i}.exit', with_run(s, i, wrk=ENDED)
    if run.other == DOUBT:
        yield f'x{i}.exit', with_run(s, i, other=NONE)

def steps(s, o):
    """Every enabled step that is not a fault, as (label, next state)."""
    for t in range(len(s.ticks)):
        yield from tick_steps(s, o, t)
    for i in range(len(s.runs)):
        yield from supervisor_steps(s, o, i)
        if s.runs[i].guard != NONE:
            yield from guard_steps(s, o, i)
        yield from worker_steps(s, i)

# --- faults ---

def kills(s, o):
    s = s._replace(kills=s.kills - 1)
    for t, (step, _, _) in enumerate(s.ticks):
        if step != IDLE:
            yield f'KILL t{t}@{step}', s._replace(ticks=put(s.ticks, t, IDLE_TICK))
    for i, run in enumerate(s.runs):
        if run.sup not in SUP_OVER and not (o.one_kill and run.guard == KILLED):
            dies = o.pdeath and run.wrk in HOLDS_TREE
            yield f'KILL s{i}@{run.sup}', with_run(s, i, sup=KILLED, wrk=ended(run.wrk) if dies else run.wrk)
        if run.guard in GUARD_LIVE and run.sup != DEAD and not (o.one_kill and run.sup == KILLED):
            yield f'KILL g{i}@{run.guard}', with_run(s, i, guard=KILLED)

def faults(s, o):
    if s.kills:
        yield from kills(s, o)
    for i, run in enumerate(s.runs):
        if o.drops and run.wrk == RUNNING:  # a program closes descriptors that it does not know
            yield f'DROP w{i}', with_run(s, i, wrk=DROPPED)
        if o.escape and run.wrk in (RUNNING, DROPPED):
            yield f'ESCAPE w{i}', with_run(s, i, wrk=ESCAPED)
        if s.others and number_is_free(run):
            for kind in (DOUBT, NUMBER):
                yield f'REUSE {kind}{i}', with_run(s, i, other=kind)._replace(others=s.others - 1)
        if s.restores and run.row in OPEN:
            if o.restore_to == CLAIMED:
                old = with_run(s, i, row=CLAIMED)
            else:
                old = with_run(s, i, row=NONE, current=False)._replace(task=READY)
            yield f'RESTORE {i} as {o.restore_to}', old._replace(restores=s.restores - 1)
    if s.foreign and s.task == IN_PROGRESS:
        runs = tuple(run._replace(current=False) for run in s.runs)
        yield 'FOREIGN reclaim', s._replace(task=READY, runs=runs, foreign=s.foreign - 1)

def number_is_free(run):
    """The system may reuse the number after the worker was reaped. With a record no process uses the number any more."""
    reaped = run.sup == S5 or run.sup == KILLED and run.guard != WATCH
    return reaped and run.wrk in (ENDED, ABORTED) and not run.record and run.other == NONE and run.row not in CLOSED

# --- checks ---

def violation(s):
    if sum(run.wrk in EXECUTES for run in s.runs) > 1:
        return 'I1 two workers execute'
    for run in s.runs:
        if run.row == LOST and run.sup != KILLED:
            return 'I3 lost although the supervisor was not killed'
        if run.row == REQUEUED and run.wrk in EXECUTED:
            return 'I4 requeued a run that executed'
        if run.row == FINISHED and run.record != OK:
            return 'I4 finished without an exit record'
        if run.other == VICTIM:
            return 'I5 killed an unrelated process'
        if run.record == UNLOCKED:
            return 'I6 record written without the run lock'
    return None

def inert(run, o):
    """No step or check reads a closed run without processes. A folder without a row is ignored unless folders are checked."""
    closed = run.row in CLOSED or run.row == NONE and not o.folders
    return closed and run.sup in SUP_OVER and run.wrk in WORKER_OVER and (run.guard not in GUARD_LIVE or run.sup == DEAD)

def canonical(s, o):
    """Returns one state for all states with the same future, by two reductions.

    1. Inert runs are removed, and the runs after them move up. `violation` has already checked them.
    2. The ticks run the same program and have no name in any other field, so their order has no meaning.
    """
    used = [at for step, at, _ in s.ticks if step not in (IDLE, REAP, CLAIM)]
    position, kept = [], []  # position: the new index of each run, and of the end of the list
    for i, run in enumerate(s.runs):
        position.append(len(kept))
        if i in used or not inert(run, o):
            kept.append(run)
    position.append(len(kept))
    ticks = [(step, position[next_open(s, at) if step == REAP else at], note) for step, at, note in s.ticks]
    return s._replace(ticks=tuple(sorted(ticks)), runs=tuple(kept))

def finish(s, o, finished):
    """Runs a state to its end without faults, in one fixed order: ticks first; a new tick when nothing else can step.

    The card must get done. A canonical state that comes twice is a cycle, so the card never gets done.
    `finished` remembers the states from which this succeeds, so that each state is stepped through once.
    """
    s = s._replace(starts=0, kills=0, foreign=0, misses=0, others=0, restores=0)
    path = {}
    while (key := canonical(s, o)) not in finished:
        if not key.runs and s.task == DONE and all(tick == IDLE_TICK for tick in s.ticks):
            break
        if key in path:
            return f'I2 stuck: task {s.task}, rows {[run.row for run in key.runs]}', list(path.values())
        path[key], s = next(steps(s, o), None) or next(steps(s._replace(starts=1), o))
        s = s._replace(starts=0)
        why = violation(s)
        if why:
            return why, list(path.values())
    finished.update(path)
    return None, []

def check(o):
    """Breadth-first search. Returns (holds, number of states, reason, trace)."""
    first = State(READY, (IDLE_TICK,) * 2, (), o.ticks, o.kills, o.foreign, o.misses, o.others, o.restores)
    seen = {canonical(first, o): None}  # canonical state -> (label, canonical state before)
    queue, finished = deque([(first, canonical(first, o))]), set()  # the trace follows real states: its numbers never change

    def broken(why, key, labels):
        while seen[key]:
            label, key = seen[key]
            labels = [label] + labels
        return False, len(seen), why, labels

    while queue:
        s, here = queue.popleft()
        why, labels = finish(s, o, finished)
        if why:
            return broken(why, here, labels)
        for label, after in chain(steps(s, o), faults(s, o)):
            why = violation(after)
            if why:
                return broken(why, here, [label])
            key = canonical(after, o)
            if key not in seen:
                seen[key] = label, here
                queue.append((after, key))
    return True, len(seen), '', []

# --- configurations ---

BUDGETS = dict(ticks=3, kills=2, foreign=1, misses=0, others=0, restores=0)
# drops, escape, pdeath: what workers and the system do.  guard, cgroup: which of them the run has.
# one_kill: at most one of guard and supervisor is killed.  folders: the tick also checks folders without a row.
# scans: empty scans in a row that prove death.  marker: the supervisor marks the folder before it opens the gate.
# restore_to: what an earlier copy of the database has for an open run: no row, or the row before the gate opened.
DEFAULTS = dict(BUDGETS, drops=True, escape=False, pdeath=False, guard=False, cgroup=False, one_kill=False, folders=False,
                scans=2, marker=False, restore_to=NONE, guard_order=('sweep', 'record', 'unlock'))
LINUX, GUARD = dict(pdeath=True), dict(pdeath=True, guard=True)
RESTORE = dict(restores=1, folders=True, foreign=0)
HOLDS, BROKEN, ANY = 'HOLDS', 'BROKEN', ''  # ANY: shows which layers are redundant
# Name, expectation, mutations, options. The largest configurations are first, so that the processes end together.
TABLE = [
    ('PROTOCOL macos (no pdeathsig)', HOLDS, '', dict(kills=3, ticks=4, misses=1)),
    ('PROTOCOL linux (pdeathsig)', HOLDS, '', dict(LINUX, kills=3, ticks=4, misses=1, others=1)),
    ('PROTOCOL guard, supervisor and guard may be killed', HOLDS, '', dict(GUARD, misses=1)),
    ('PROTOCOL guard, reused numbers', HOLDS, '', dict(GUARD, others=1, foreign=0)),
    ('PROTOCOL guard, worker escapes, one kill per run', HOLDS, '', dict(GUARD, escape=True, one_kill=True)),
    ('PROTOCOL cgroup, worker escapes', HOLDS, '', dict(cgroup=True, escape=True, scans=1, others=1)),
    ('PROTOCOL reused numbers, no pdeathsig', HOLDS, '', dict(misses=1, others=1)),
    ('PROTOCOL restored database', HOLDS, '', dict(RESTORE, restores=2, foreign=1, misses=1)),
    ('PROTOCOL restored database, guard, worker escapes', HOLDS, '', dict(RESTORE, **GUARD, escape=True, one_kill=True)),
    ('supervisor takes lock itself, CAS kept', ANY, 'supervisor-locks', dict(kills=1)),
    ('no fencing CAS, lock kept, no foreign', ANY, 'no-cas', dict(foreign=0)),
    ('no tree lock, processes searched', ANY, 'no-tree', {}),
    ('no tree lock, processes searched, pdeathsig', ANY, 'no-tree', LINUX),
    ('proposal: row restored to claimed, start marker in the folder', HOLDS, '', dict(RESTORE, restore_to=CLAIMED, marker=True)),
    ('mutant: row restored to claimed, no start marker', BROKEN, '', dict(RESTORE, restore_to=CLAIMED)),
    ('mutant: fork before commit, no CAS', BROKEN, 'fork-first no-cas', {}),
    ('mutant: supervisor takes lock itself, no CAS', BROKEN, 'supervisor-locks no-cas', {}),
    ('mutant: no tree lock and no search for processes', BROKEN, 'no-tree no-scan', {}),
    ('mutant: no admission check (foreign reclaim)', BROKEN, 'no-admission', LINUX),
    ('mutant: gate opened before CAS commit', BROKEN, 'gate-first', LINUX),
    ('mutant: free tree lock taken as proof of death, pdeathsig', BROKEN, 'no-scan', LINUX),
    ('mutant: free tree lock taken as proof of death', BROKEN, 'no-scan', {}),
    ('mutant: tick releases its copy of the lock with LOCK_UN', BROKEN, 'tick-unlocks', {}),
    ('mutant: row read before the lock is probed', BROKEN, 'stale-row', GUARD),
    ('mutant: one scan is enough', BROKEN, '', dict(scans=1, misses=1)),
    ('limit: both scans miss the worker', BROKEN, '', dict(misses=2)),
    ('mutant: kill by number', BROKEN, 'kill-by-number', dict(others=1)),
    ('mutant: found process killed without pidfd', BROKEN, 'no-pidfd', dict(others=1)),
    ('mutant: supervisor reaps the worker before it kills the group', BROKEN, 'reap-first', dict(others=1)),
    ('mutant: number alone is life, for ever', BROKEN, 'number-is-life', dict(others=1)),
    ('mutant: worker escapes every witness, no guard, no cgroup', BROKEN, '', dict(LINUX, escape=True)),
    ('limit: worker escapes, supervisor and guard killed', BROKEN, '', dict(GUARD, escape=True)),
    ('mutant: supervisor closes its copy of the lock without LOCK_UN', BROKEN, 'no-unlock', GUARD),
    ('mutant: guard records before its orphans are dead', BROKEN, '',
     dict(guard=True, guard_order=('record', 'sweep', 'unlock'))),
    ('mutant: guard unlocks before its orphans are dead', BROKEN, '',
     dict(GUARD, escape=True, one_kill=True, guard_order=('record', 'unlock', 'sweep'))),
    ('mutant: guard unlocks before it records', BROKEN, '', dict(GUARD, guard_order=('sweep', 'unlock', 'record'))),
    ('mutant: guard writes a record that looks empty, without the lock', BROKEN, 'guard-trusts-file', GUARD),
    ('mutant: admission looks at the database alone', BROKEN, '', dict(RESTORE, folders=False)),
    ('mutant: folders are listed before the transaction', BROKEN, 'list-first', RESTORE),
]

def run(job):
    gc.disable()  # the search creates no reference cycles
    (_, _, mutations, options), overrides = job
    return check(SimpleNamespace(**{**DEFAULTS, **options, **overrides, 'mut': set(mutations.split())}))

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--all', action='store_true')
    for budget in BUDGETS:
        parser.add_argument(f'--{budget}', type=int, default=argparse.SUPPRESS)
    overrides = vars(parser.parse_args())
    everything = overrides.pop('all')
    table = [entry for entry in TABLE if everything or entry[0].startswith('PROTOCOL')]
    failed = False
    with Pool() as pool:
        results = pool.imap(run, [(entry, overrides) for entry in table])
        for (name, expect, _, _), (holds, states, why, trace) in zip(table, results):
            verdict = HOLDS if holds else BROKEN
            flag = 'no expectation' if expect == ANY else 'as expected' if verdict == expect else 'UNEXPECTED'
            failed |= flag == 'UNEXPECTED'
            print(f'{verdict:6} {states:8d} states  {name}  {flag}', flush=True)
            if not holds:
                print(f'          {why}\n          trace: {" ".join(trace)}', flush=True)
    return failed

if __name__ == '__main__':
    sys.exit(main())

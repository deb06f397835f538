"""Generated boards, once through Hermes' own dispatcher and once, on a copy, through `kanban tick`.

    PYTHON differential.py KANBAN SEED

Run with a Python that has the published hermes-agent package. Compares column, count of failures, outcomes of runs
and kinds of new events of every card, and prints what differs beyond the deliberate differences; exits 1 then.
"""

import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

CARDS = 30
DEAD_PID = 2**22 - 5
# Written by Hermes on the way, and of no consequence: a claim that is extended before the worker is found to be over
# its time, and a tip about scratch folders.
NOISE = {"claim_extended", "tip_scratch_workspace"}


def main():
    kanban, seed = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        root = os.path.join(folder, "hermes")
        for name in ("profiles/coder", "profiles/writer", "bin"):
            os.makedirs(os.path.join(root, name))
        program = os.path.join(root, "bin/hermes")
        with open(program, "w") as file:
            file.write("#!/bin/sh\nexec sleep 30\n")
        os.chmod(program, 0o755)
        os.environ.update(HERMES_HOME=root, HERMES_BIN=program)
        from hermes_cli import kanban_db

        workers = []
        try:
            board = Board(kanban_db.connect(), random.Random(seed), workers)
            board.fill()
            limit = board.random.choice([None, 1000])
            board.conn.close()
            copy = os.path.join(folder, "copy")
            shutil.copytree(root, copy)
            before = snapshot(copy)
            ours(kanban, folder, copy, limit)
            theirs(kanban_db, root, limit, workers)
            wrong = compare(seed, before, snapshot(root), snapshot(copy))
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
            end_supervisors(os.path.join(folder, "copy"))
    sys.exit(1 if wrong else 0)


class Board:
    """A board as weeks of use might leave it."""

    def __init__(self, conn, rng, workers):
        self.conn, self.random, self.workers = conn, rng, workers
        self.now, self.ids = int(time.time()), []

    def fill(self):
        columns = ["ready"] * 4 + ["todo"] * 3 + ["blocked"] * 2 + ["running"] * 5
        columns += ["triage", "scheduled", "review", "done", "archived"]
        for _ in range(CARDS):
            column = self.random.choice(columns)
            if column == "running":
                self.running()
            else:
                self.waiting(column)

    def card(self, **given):
        row = {
            "id": "t_%08x" % self.random.getrandbits(32),
            "title": "a card",
            "created_at": self.now - self.random.randrange(10_000),
            "priority": self.random.randrange(-2, 3),
            "assignee": self.random.choice(["coder", "writer", "coder", None, "nobody"]),
            "consecutive_failures": 0,
            **given,
        }
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        self.conn.execute(f"INSERT INTO tasks ({names}) VALUES ({marks})", list(row.values()))
        self.ids.append(row["id"])
        return row["id"]

    def waiting(self, column):
        failures = self.random.choice([0, 0, 1]) if column == "blocked" else 0
        card = self.card(status=column, consecutive_failures=failures)
        if column == "blocked" and self.random.random() < 0.5:
            self.conn.execute(
                "INSERT INTO task_events (task_id, kind, created_at) VALUES (?, 'blocked', ?)", (card, self.now - 100)
            )
        if len(self.ids) > 1 and self.random.random() < 0.4:
            parent = self.random.choice(self.ids[:-1])
            self.conn.execute("INSERT OR IGNORE INTO task_links VALUES (?, ?)", (parent, card))

    def running(self):
        kind = self.random.choice(["dead", "alive", "foreign", "nobody", "late"])
        card = self.card(
            status="running",
            assignee=self.random.choice(["coder", "writer"]),
            started_at=self.now - 1_000,
            max_retries=self.random.choice([None, None, 1, 3]),
            consecutive_failures=self.random.randrange(2),
        )
        lock = "elsewhere:1" if kind == "foreign" else f"{socket.gethostname()}:1"
        expires = self.random.choice([self.now - 10, self.now + 600])
        heartbeat = self.random.choice([None, self.now - 50])
        pid = DEAD_PID if kind in ("dead", "foreign") else None
        if kind in ("alive", "late"):
            environment = {**os.environ, "HERMES_KANBAN_TASK": card}
            worker = subprocess.Popen(["sleep", "300"], env=environment, start_new_session=True)
            self.workers.append(worker)
            pid = worker.pid
        limit = 100 if kind == "late" else None
        run = self.conn.execute(
            "INSERT INTO task_runs (task_id, profile, status, claim_lock, claim_expires, worker_pid, started_at)"
            " VALUES (?, 'coder', 'running', ?, ?, ?, ?)",
            (card, lock, expires, pid, self.now - 1_000),
        ).lastrowid
        self.conn.execute(
            "UPDATE tasks SET claim_lock = ?, claim_expires = ?, worker_pid = ?, last_heartbeat_at = ?,"
            " current_run_id = ?, max_runtime_seconds = ? WHERE id = ?",
            (lock, expires, pid, heartbeat, run, limit, card),
        )


def ours(kanban, folder, copy, limit):
    config = os.path.join(folder, "config.toml")
    with open(config, "w") as file:
        file.write(
            f'hermes_home = "{copy}"\n[defaults]\nmax_in_progress = {limit or 1000}\n'
            'max_in_progress_per_worker = 1000\nretry_delay = "0s"\n[host]\nmax_in_progress = 1000\n'
        )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": folder,
        "KANBAN_HOME": os.path.join(folder, "kanban"),
        "KANBAN_CONFIG": config,
        "HERMES_BIN": os.environ["HERMES_BIN"],
    }
    tick = [kanban, "--board", "default", "tick", "--json"]
    started = json.loads(subprocess.run(tick, env=environment, capture_output=True, check=True).stdout)["started"]
    # The board says so when a worker was let off.
    runs = [start["run"] for start in started]
    until = time.time() + 20
    while time.time() < until and not all(spawned(copy, run) for run in runs):
        time.sleep(0.05)


def spawned(copy, run):
    conn = sqlite3.connect(os.path.join(copy, "kanban.db"))
    found = conn.execute("SELECT 1 FROM task_events WHERE run_id = ? AND kind = 'spawned'", (run,)).fetchone()
    conn.close()
    return found


def theirs(kanban_db, root, limit, workers):
    conn = kanban_db.connect()
    # Who was ended by the first dispatcher lives again, under another number, for the second.
    for worker in list(workers):
        if worker.poll() is not None:
            again = subprocess.Popen(["sleep", "300"], start_new_session=True)
            workers.append(again)
            for table in ("tasks", "task_runs"):
                conn.execute(f"UPDATE {table} SET worker_pid = ? WHERE worker_pid = ?", (again.pid, worker.pid))
    kill = os.kill

    def kill_and_reap(pid, number):
        kill(pid, number if number == 0 else signal.SIGKILL)
        for worker in workers:
            if worker.pid == pid and number != 0:
                worker.wait()

    kanban_db.os.kill = kill_and_reap
    try:
        kanban_db.dispatch_once(conn, spawn_fn=lambda *_, **__: DEAD_PID, max_in_progress=limit, failure_limit=2)
    finally:
        kanban_db.os.kill = kill
        conn.close()


def snapshot(root):
    conn = sqlite3.connect(os.path.join(root, "kanban.db"))
    cards = {}
    for card, column, failures in conn.execute("SELECT id, status, consecutive_failures FROM tasks"):
        runs = [row[0] for row in conn.execute("SELECT outcome FROM task_runs WHERE task_id = ? ORDER BY id", (card,))]
        kinds = [row[0] for row in conn.execute("SELECT kind FROM task_events WHERE task_id = ? ORDER BY id", (card,))]
        cards[card] = (column, failures, runs, kinds)
    conn.close()
    return cards


def compare(seed, before, theirs, ours):
    wrong = 0
    for card, was in before.items():
        new = [
            (column, failures, runs, sorted(set(kinds[len(was[3]):]) - NOISE))
            for column, failures, runs, kinds in (theirs[card], ours[card])
        ]
        if new[0] != new[1] and not deliberate(was, *new):
            wrong += 1
            print(f"seed {seed}, {card}, which was {was[:3]}:\n  hermes {new[0]}\n  kanban {new[1]}")
    return wrong


def deliberate(was, theirs, ours):
    """The differences that the README names."""
    # Blocked is blocked, however it came to it.
    if was[0] == "blocked" and "promoted" in theirs[3]:
        return ours[0] == "blocked"
    # A dead worker is a crash, whether its lease ran out or not.
    if "reclaimed" in theirs[2] and "crashed" in ours[2]:
        return True
    # Giving up holds, and several dead workers are no reason to give up.
    return "gave_up" in theirs[3] and ("promoted" in theirs[3] or "crashed" in ours[2])


def end_supervisors(copy):
    conn = sqlite3.connect(os.path.join(copy, "kanban.db"))
    pids = conn.execute("SELECT supervisor_pid FROM tick_runs WHERE dead = 0 AND supervisor_pid IS NOT NULL").fetchall()
    conn.close()
    for (pid,) in pids:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    until = time.time() + 20
    while time.time() < until and any(os.path.exists(f"/proc/{pid}") for (pid,) in pids):
        time.sleep(0.05)


if __name__ == "__main__":
    main()

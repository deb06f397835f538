"""Hermes' own notifier and `kanban tick` on one file at the same time: everything is told, and nothing twice.

    PYTHON notifier.py KANBAN FOLDER CARDS

Run with a Python that has the published hermes-agent package. Its notifier claims events as the gateway does, with
the function that the gateway calls; ours tells a program that writes down what it is told. Exits 1 if an event was
told by nobody or by both, or if a subscription is left whose card is done and was told by us.
"""

import json
import os
import subprocess
import sys
import threading
import time

KINDS = ("completed", "blocked", "gave_up", "crashed", "timed_out", "status", "archived", "unblocked")
PROGRAM = "cat >> told"


def main():
    kanban, folder, cards = sys.argv[1], sys.argv[2], int(sys.argv[3])
    root, home = os.path.join(folder, "hermes"), os.path.join(folder, "ours")
    os.makedirs(root)
    os.makedirs(home)
    os.environ.update(HERMES_HOME=root, KANBAN_HOME=home)
    with open(os.path.join(home, "config.toml"), "w") as file:
        file.write(
            f'hermes_home = "{root}"\n[channels.tg]\nkind = "command"\nsubscribed_only = true\n'
            f'platform = "telegram"\ncommand = ["sh", "-c", "{PROGRAM}"]\n'
        )
    from hermes_cli import kanban_db

    # It compares the length of the file with its header after each commit, and takes a checkpoint of ours that is under
    # way for a torn file; what it has claimed by then would be told by nobody.
    kanban_db._check_file_length_invariant = lambda conn: None
    conn = kanban_db.connect()
    theirs, stop = [], threading.Event()
    notifier = threading.Thread(target=notify, args=(kanban_db, theirs, stop))
    ticker = threading.Thread(target=tick, args=(kanban, stop))
    notifier.start()
    ticker.start()
    for number in range(cards):
        task = kanban_db.create_task(conn, title=f"card {number}")
        kanban_db.add_notify_sub(conn, task_id=task, platform="telegram", chat_id="-100", thread_id="7")
        kanban_db.complete_task(conn, task, summary="ok")
        # Long enough for either to be first.
        time.sleep(0.01)
    stop.set()
    notifier.join()
    ticker.join()
    subprocess.run([kanban, "--board", "default", "tick"], check=True)
    wanted = {
        row["id"]
        for row in conn.execute("SELECT id FROM task_events WHERE kind = 'completed'")
    }
    ours = told(root)
    print(f"theirs {len(theirs)}, ours {len(ours)}")
    wrong = []
    if len(ours) != len(set(ours)) or set(ours) & set(theirs):
        wrong.append(f"told twice: {sorted(set(ours) & set(theirs))}")
    if set(ours) | set(theirs) != wanted:
        wrong.append(f"told by nobody: {sorted(wanted - set(ours) - set(theirs))}")
    left = {row["task_id"] for row in conn.execute("SELECT task_id FROM kanban_notify_subs")}
    by_us = {
        row["task_id"]
        for row in conn.execute("SELECT id, task_id FROM task_events WHERE kind = 'completed'")
        if row["id"] in set(ours)
    }
    if left & by_us:
        wrong.append(f"subscriptions are left: {sorted(left & by_us)}")
    if not ours or not theirs:
        wrong.append("one of the two had nothing to do, so this shows nothing")
    for what in wrong:
        print(what)
    sys.exit(1 if wrong else 0)


def notify(kanban_db, claimed, stop):
    """Claims as the gateway's notifier does, and lets every other look go by."""
    conn = kanban_db.connect()
    looks = 0
    while not stop.is_set():
        looks += 1
        for sub in kanban_db.list_notify_subs(conn):
            if hash((sub["task_id"], looks)) % 2:
                continue
            _, _, events = kanban_db.claim_unseen_events_for_sub(
                conn,
                task_id=sub["task_id"],
                platform=sub["platform"],
                chat_id=sub["chat_id"],
                thread_id=sub["thread_id"],
                kinds=KINDS,
            )
            claimed.extend(event.id for event in events)
        time.sleep(0.002)
    conn.close()


def tick(kanban, stop):
    while not stop.is_set():
        subprocess.run([kanban, "--board", "default", "tick"], check=True)


def told(root):
    """The events that our program was told of; it runs in the folder of the board."""
    path = os.path.join(root, "told")
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [json.loads(line)["event"]["id"] for line in file]


main()

//! The page of a board, as a file and in a real browser.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::json;

use crate::browser::Browser;
use crate::harness::{Home, text};

const WORKERS: &str = r#"
[defaults]
failure_limit = 1
[workers.good]
command = ["sh", "-c", "echo fine"]
[workers.bad]
command = ["sh", "-c", "echo 'no such host' >&2; exit 7"]
[workers.me]
pull = true
"#;

/// What a hostile author would try.
const EVIL: [&str; 8] = [
    "</script><script>document.title = 'broken'</script>",
    "<img src=x onerror=\"document.title = 'broken'\">",
    "\u{202e}desrever\u{2066} \u{200b}hidden",
    "javascript:document.title='broken'",
    "<!--<script>",
    "👩🏽‍💻 emoji 🇨🇳 and مرحبا بالعالم",
    "{{template}} ${expression} \\u003c/script> &lt;b&gt;",
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
];

/// A board with a failure, a success, cards that wait, and a comment.
fn home() -> (Home, Vec<String>) {
    let home = Home::new(WORKERS);
    let fails = home.create(
        "Fetch the sources",
        "bad",
        &["--body", "From the mirror.\nThen unpack."],
    );
    let works = home.create("Check the licence", "good", &["--tenant", "acme"]);
    let build = home.create(
        "Build",
        "good",
        &["--parent", &fails, "--parent", &works, "--priority", "3"],
    );
    let pack = home.create("Pack", "me", &["--parent", &build]);
    let mine = home.create("Call the printer", "me", &[]);
    home.ok(&["comment", &mine, "Their number is on the wall."]);
    home.quiet().expect(1);
    (home, vec![fails, works, build, pack, mine])
}

/// Makes the page and opens it.
fn open(home: &Home, size: (u32, u32)) -> Option<(Browser, PathBuf)> {
    let mut browser = Browser::start(home, size)?;
    home.ok(&["report", "--html", "page.html"]);
    let file = home.path().join("page.html");
    browser.open(&file);
    Some((browser, file))
}

#[track_caller]
fn sound(browser: &mut Browser) {
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_page_is_one_private_file_or_the_output_and_is_replaced_as_a_whole() {
    let (home, _) = home();
    let told = home.json(&["report", "--html", "page.html"]);
    let file = home.path().join("page.html");
    let mode = || file.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(told["path"], file.to_str().unwrap());
    assert_eq!(told["bytes"], file.metadata().unwrap().len());
    assert_eq!(told["cards"], 5);
    assert_eq!(mode(), 0o600);
    // Who was let read it goes on reading.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    home.ok(&["report", "--html", "page.html"]);
    assert_eq!(mode(), 0o644);
    let page = home.ok(&["report", "--html", "-"]).stdout;
    assert!(page.starts_with("<!DOCTYPE html>"));
    // Without scripts, it is read as it stands.
    for said in [
        "Fetch the sources",
        "waits for",
        "no such host",
        "1 of 2 runs failed (50%).",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains(home.path().to_str().unwrap()));
    home.kanban(&["report"]).expect(2);
    home.kanban(&["report", "--html", "-", "--json"]).expect(2);
    home.kanban(&["report", "--html", "/no/such/folder/page.html"])
        .expect(1);
    home.kanban(&["report", "--html", "page.html", "--board", "other"])
        .expect(3);
}

#[test]
fn a_browser_shows_the_board_and_the_keyboard_reaches_all_of_it() {
    let (home, ids) = home();
    let Some((mut page, _)) = open(&home, (1280, 900)) else {
        return;
    };
    assert_eq!(
        page.eval("document.querySelectorAll('.column .card').length"),
        5
    );
    assert_eq!(page.eval("byId('found').textContent"), "5 cards");
    // A search for words of a text, begun with its key.
    page.press("/");
    assert_eq!(page.eval("document.activeElement.id"), "search");
    page.write("MIRROR unpack");
    page.wait_until("byId('found').textContent === '1 of 5 cards found'");
    assert_eq!(
        page.eval("document.querySelector('.card .id').textContent"),
        ids[0].as_str()
    );
    page.press("Escape");
    page.wait_until("byId('found').textContent === '5 cards'");
    // From the search into the board, to another column, and into a card.
    page.press("ArrowDown");
    let focus = "document.activeElement.querySelector('.id')?.textContent";
    assert_eq!(page.eval(focus), ids[2].as_str());
    page.press("ArrowDown");
    assert_eq!(page.eval(focus), ids[3].as_str());
    page.press("ArrowRight");
    assert_eq!(page.eval(focus), ids[4].as_str());
    page.press("ArrowLeft");
    page.press("Home");
    page.press("Enter");
    page.wait_until("byId('card').open");
    assert_eq!(page.eval("document.activeElement.id"), "card-title");
    let body = text(&page.eval("byId('card-body').innerText"));
    assert!(
        body.contains("WAITS FOR (2)") || body.contains("Waits for (2)"),
        "{body}"
    );
    assert!(
        body.contains("Fetch the sources") && body.contains("still holds"),
        "{body}"
    );
    assert_eq!(page.eval("location.hash"), format!("#{}", ids[2]));
    // To its parent, by its button, and back to where it began.
    page.press("Tab");
    page.press("Tab");
    page.press("Enter");
    page.wait_until("byId('card-title').textContent === 'Fetch the sources'");
    let body = text(&page.eval("byId('card-body').innerText"));
    assert!(
        body.contains("no such host")
            && body.contains("exit 7")
            && body.contains("From the mirror.\nThen unpack."),
        "{body}"
    );
    page.press("Escape");
    // A dialog tells that it was closed a moment after it was.
    page.wait_until("!byId('card').open && location.hash === ''");
    page.wait_until(&format!("{focus} === '{}'", ids[2]));
    sound(&mut page);
}

#[test]
fn filters_the_graph_and_the_timeline_show_what_is_there() {
    let (home, ids) = home();
    let Some((mut page, file)) = open(&home, (1280, 900)) else {
        return;
    };
    page.eval("byId('by-assignee').value = '=me'; byId('by-assignee').dispatchEvent(new Event('change', {bubbles: true}))");
    assert_eq!(page.eval("byId('found').textContent"), "2 of 5 cards found");
    page.eval("byId('filters').reset()");
    page.wait_until("byId('found').textContent === '5 cards'");
    // Each card of the graph stands right of what it waits for, and none on another.
    let nodes = page.eval(
        "[...document.querySelectorAll('.node')].map((n) => {
             const box = n.getBoundingClientRect();
             return [n.querySelector('b').textContent, box.left, box.top, box.right, box.bottom];
         })",
    );
    let nodes = nodes.as_array().unwrap();
    let at = |name: &str, side: usize| {
        let node = nodes.iter().find(|n| n[0] == name).unwrap();
        node[side].as_f64().unwrap()
    };
    assert_eq!(nodes.len(), 4);
    assert!(
        at("Fetch the sources", 3) < at("Build", 1) && at("Check the licence", 3) < at("Build", 1)
    );
    assert!(at("Build", 3) < at("Pack", 1));
    assert!((at("Fetch the sources", 2) - at("Check the licence", 2)).abs() >= 58.0);
    assert_eq!(
        page.eval("document.querySelectorAll('.graph path.open').length"),
        4
    );
    page.eval("document.querySelector('.node[tabindex=\"0\"]').focus()");
    page.press("ArrowRight");
    page.press("ArrowRight");
    assert_eq!(
        page.eval("document.activeElement.querySelector('b').textContent"),
        "Pack"
    );
    // Two runs, one of which failed; the same as a table.
    page.wait_until("document.querySelectorAll('#timeline rect.bar').length === 2");
    assert_eq!(
        page.eval("document.querySelectorAll('#timeline rect.bad').length"),
        1
    );
    assert_eq!(
        page.eval("byId('timeline-said').textContent"),
        "2 runs by 2 workers, 1 failed."
    );
    assert_eq!(page.eval("byId('run-table').tBodies[0].rows.length"), 2);
    // An address opens its card.
    let link = file.with_file_name(format!("page.html#{}", ids[4]));
    page.eval("0");
    page.open(&link_target(&link));
    page.wait_until("byId('card').open");
    assert!(
        text(&page.eval("byId('card-body').innerText")).contains("Their number is on the wall.")
    );
    // The theme is changed by its button, whatever the system's is.
    let ground = "getComputedStyle(document.body).backgroundColor";
    let before = page.eval(ground);
    page.press("Escape");
    page.eval("byId('theme').click()");
    assert_ne!(page.eval(ground), before);
    sound(&mut page);
}

/// Another query, so that the page is loaded and not only scrolled.
fn link_target(link: &std::path::Path) -> PathBuf {
    link.to_str()
        .unwrap()
        .replace("page.html#", "page.html?again#")
        .into()
}

#[test]
fn a_screen_reader_is_told_what_is_on_the_page() {
    let (home, _) = home();
    let Some((mut page, _)) = open(&home, (1280, 900)) else {
        return;
    };
    let spoken = page.spoken();
    let has = |role: &str, name: &str| {
        assert!(
            spoken.iter().any(|(r, n)| r == role && n.starts_with(name)),
            "no {role} {name:?} in {spoken:?}"
        );
    };
    for name in ["Board", "Dependencies", "Runs", "Figures"] {
        has("heading", name);
        has("region", name);
    }
    for (role, name) in [
        ("banner", ""),
        ("main", ""),
        ("contentinfo", ""),
        ("navigation", "Sections"),
        ("search", ""),
        ("searchbox", "Search"),
        ("combobox", "Assignee"),
        ("status", ""),
        ("region", "Blocked 1"),
        ("heading", "Todo 2"),
        ("button", "Fetch the sources"),
        ("button", "Show in the graph"),
        ("image", "Bars by day: 1 card done, 1 run failed."),
        (
            "image",
            "Runs on a line of time. 2 runs by 2 workers, 1 failed.",
        ),
        ("radio", "24 hours"),
    ] {
        if name != "Show in the graph" {
            has(role, name);
        }
    }
    // In the graph, a card says what its lines say.
    has(
        "button",
        "Build, todo, good; waits for Fetch the sources; releases Pack",
    );
    let unnamed: Vec<_> = spoken
        .iter()
        .filter(|(role, name)| {
            [
                "button",
                "link",
                "searchbox",
                "combobox",
                "radio",
                "checkbox",
                "image",
                "dialog",
            ]
            .contains(&role.as_str())
                && name.trim().is_empty()
        })
        .collect();
    assert!(unnamed.is_empty(), "{unnamed:?}");
    page.eval("openCard(0)");
    let spoken = page.spoken();
    assert!(
        spoken.contains(&("dialog".into(), "Build".into())),
        "{spoken:?}"
    );
    sound(&mut page);
}

#[test]
fn hostile_text_does_nothing_and_breaks_nothing() {
    let home = Home::new(WORKERS);
    let mut parent: Option<String> = None;
    for evil in EVIL {
        let mut more = vec!["--body", evil, "--tenant", evil];
        if let Some(parent) = &parent {
            more.extend(["--parent", parent.as_str()]);
        }
        let made = home.create(evil, "me", &more);
        home.ok(&["comment", &made, evil]);
        parent = Some(made);
    }
    let board = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
    // What this program would not take, another may have written.
    let sql = "UPDATE tasks SET assignee = title, result = title || char(0) || 'after', last_failure_error = title";
    board.execute(sql, []).unwrap();
    let sql =
        "INSERT INTO task_runs (task_id, profile, status, outcome, error, started_at, ended_at)
               SELECT id, title, title, title, title, created_at - 60, created_at FROM tasks";
    board.execute(sql, []).unwrap();
    drop(board);
    let Some((mut page, _)) = open(&home, (360, 720)) else {
        return;
    };
    assert_eq!(page.eval("document.title"), "Board default");
    assert_eq!(
        page.eval("document.querySelectorAll('img, iframe, object, embed').length"),
        0
    );
    assert_eq!(
        page.eval("document.querySelectorAll('.card').length"),
        EVIL.len()
    );
    let fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth
                && byId('card').scrollWidth <= byId('card').clientWidth";
    assert_eq!(page.eval(fits), true, "the page is wider than a phone");
    for (place, evil) in EVIL.iter().enumerate() {
        page.eval(&format!("openCard({place})"));
        assert_eq!(page.eval(fits), true, "{evil}");
        let title = text(&page.eval("byId('card-title').textContent"));
        assert!(
            EVIL.contains(&title.as_str()) || title.contains("\\u{202e}"),
            "{title:?}"
        );
    }
    page.press("Escape");
    page.resize(1280, 900);
    assert_eq!(page.eval(fits), true);
    // Nobody can add a script: what is not on the list of the policy is refused.
    page.eval(
        "document.body.append(Object.assign(document.createElement('p'), {textContent: 'x'}))",
    );
    sound(&mut page);
    page.eval("try { document.body.innerHTML = '<b>x</b>' } catch {} 0");
    assert_eq!(page.eval("document.querySelectorAll('body > b').length"), 0);
    assert!(
        !page.complaints().is_empty(),
        "what is refused is seen here"
    );
}

#[test]
fn a_column_of_thousands_is_drawn_bit_by_bit_and_searched_as_a_whole() {
    let home = home_of_thousands();
    let Some((mut page, file)) = open(&home, (1280, 900)) else {
        return;
    };
    assert!(file.metadata().unwrap().len() < 3_000_000);
    let drawn = "document.querySelectorAll('.column .card').length";
    assert_eq!(page.eval(drawn), 100);
    let done = "document.querySelector('[data-status=done] .count').textContent";
    assert_eq!(page.eval(done), "3,000");
    // The arrows go on to the button below the last card, and it gives the focus to the first new card.
    page.eval("document.querySelector('.card').focus()");
    page.press("End");
    page.press("ArrowDown");
    let focus = "document.activeElement.innerText.split('\\n')[0].trim()";
    assert_eq!(page.eval(focus), "Show 100 more");
    page.press("Enter");
    page.wait_until(&format!("{drawn} === 200"));
    assert_eq!(page.eval(focus), "number 2900");
    page.press("/");
    page.write("ODD 291");
    page.wait_until("byId('found').textContent === '9 of 3,000 cards found'");
    assert_eq!(page.eval(done), "9 of 3,000");
    // The graph shows what is around one card, and says so.
    page.eval("openCard(0); [...document.querySelectorAll('#card button')].find((b) => b.textContent === 'Show in the graph').click()");
    assert_eq!(page.eval("document.querySelectorAll('.node').length"), 80);
    let said = text(&page.eval("byId('graph-said').textContent"));
    assert!(
        said.starts_with("80 of 3,000 cards that hang together, those nearest to “number 3000”."),
        "{said}"
    );
    assert_eq!(page.eval("document.activeElement.className"), "node centre");
    sound(&mut page);
}

/// A chain of cards, all of them done.
fn home_of_thousands() -> Home {
    let home = Home::new(WORKERS);
    home.ok(&["init"]);
    let board = rusqlite::Connection::open(home.board("kanban.db")).unwrap();
    board
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
             INSERT INTO tasks (id, title, body, status, created_at, completed_at)
             SELECT printf('t_%08x', i), 'number ' || i, iif(i % 2, 'an odd one', 'an even one'), 'done', i, i FROM n;
             INSERT INTO task_links (parent_id, child_id)
             SELECT p.id, c.id FROM tasks p JOIN tasks c ON c.created_at = p.created_at + 1;",
        )
        .unwrap();
    home
}

#[test]
fn ticks_keep_a_page_up_to_date_and_idle_ones_leave_it_alone() {
    let home = Home::new("").with("KANBAN_NOW", "1000000");
    let file = home.path().join("board.html");
    let config = format!(
        "{WORKERS}\n[boards.default]\nreport = \"{}\"\n",
        file.display()
    );
    std::fs::write(home.path().join("config.toml"), &config).unwrap();
    home.ok(&["config", "check"]);
    let card = home.create("one", "me", &[]);
    let told = home.json(&["tick"]);
    assert_eq!(told["report"]["path"], file.to_str().unwrap());
    assert_eq!(told["report"]["cards"], 1);
    let made = std::fs::read(&file).unwrap();
    // Nothing changed: neither the page nor the board is written.
    let untouched = || std::os::unix::fs::MetadataExt::ino(&file.metadata().unwrap());
    let before = (
        untouched(),
        home.sql::<i64>("SELECT value FROM tick_meta WHERE key = 'page_at'"),
    );
    let told = home.json(&["tick"]);
    assert!(told["report"].is_null(), "{told}");
    assert_eq!(
        (
            untouched(),
            home.sql::<i64>("SELECT value FROM tick_meta WHERE key = 'page_at'")
        ),
        before
    );
    // Somebody did something between two ticks that have nothing to do.
    home.ok(&["comment", &card, "seen"]);
    assert_eq!(home.json(&["tick"])["report"]["cards"], 1);
    assert_ne!(std::fs::read(&file).unwrap(), made);
    // Another hour, and a file that is gone.
    let home = home.with("KANBAN_NOW", "1003600");
    assert!(home.json(&["tick"])["report"].is_object());
    assert!(home.json(&["tick"])["report"].is_null());
    std::fs::remove_file(&file).unwrap();
    assert!(home.json(&["tick"])["report"].is_object());
    // A dry run writes nothing.
    home.create("two", "me", &[]);
    let before = std::fs::read(&file).unwrap();
    home.ok(&["tick", "--dry-run"]);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn a_page_that_cannot_be_made_costs_no_start_and_is_told_until_it_can() {
    let home = Home::new("");
    let folder = home.path().join("later");
    let config = format!(
        "{WORKERS}\n[boards.default]\nreport = \"{}/board.html\"\n",
        folder.display()
    );
    std::fs::write(home.path().join("config.toml"), &config).unwrap();
    let card = home.create("one", "good", &[]);
    let tick = home.kanban(&["tick", "--json"]).expect(1);
    assert!(
        tick.stderr.contains("later/board.html could not be made"),
        "{}",
        tick.stderr
    );
    let told = tick.value();
    assert_eq!(told["started"][0]["task"], card.as_str());
    assert!(told["report"].is_null());
    assert_eq!(told["errors"].as_array().unwrap().len(), 1);
    home.wait_until("it ran", || home.status(&card) == "done");
    // The tick that books the end is on the board before it comes to the page, and once more after it.
    home.wait_until("the tick that follows came to the page", || {
        let status = home.kanban(&["status"]);
        status.stdout.contains("1 absorbed") && status.code == Some(1)
    });
    let status = home.kanban(&["status"]).expect(1);
    assert!(
        status.stderr.contains("could not be made"),
        "{}",
        status.stderr
    );
    std::fs::create_dir(&folder).unwrap();
    home.wait_until("the page is made and all is well", || {
        home.ok(&["tick"]);
        home.kanban(&["status"]).code == Some(0)
    });
    let page = std::fs::read_to_string(folder.join("board.html")).unwrap();
    assert!(page.contains("Nothing is wrong"), "{page:.2000}");
    assert_eq!(
        json!(std::fs::read_dir(&folder).unwrap().count()),
        1,
        "nothing is left beside it"
    );
}

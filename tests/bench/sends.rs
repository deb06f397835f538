//! What telling costs: many messages that are due at once, to many receivers that answer at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Bench;
use crate::boards::Shape;
use crate::measure::median;
use crate::table::{figure, print};

impl Bench {
    /// 1,000 deliveries to 20 targets on this machine, from the event to the answer noted.
    pub fn sending(&self) {
        let sink = Sink::open();
        let home = self.home("sending");
        home.fill(1_000, Shape::Finished);
        let channels: String = (0..20)
            .map(|n| {
                let at = sink.port;
                format!("[channels.c{n}]\nkind = 'webhook'\nurl = 'http://127.0.0.1:{at}/{n}'\nevents = ['completed']\n")
            })
            .collect();
        std::fs::write(home.path.join("config.toml"), channels).expect("a configuration");
        home.kanban(&["tick"]).run();
        let tick = home.kanban(&["tick"]);
        let mut walls = Vec::new();
        for round in 1..=self.rounds.min(9) {
            home.sql(
                "INSERT INTO task_events (task_id, kind, payload, created_at)
                 SELECT id, 'completed', '{\"summary\":\"it went well\"}', unixepoch() FROM tasks WHERE status = 'done' LIMIT 50",
            );
            walls.push(tick.wall().as_secs_f64());
            assert_eq!(sink.answered(), round * 1_000, "messages that arrived");
        }
        let wall = median(walls.into_iter());
        print(
            "1,000 deliveries that are due, to 20 receivers on this machine",
            &["wall of the tick, ms", "deliveries a second", "peak, MiB"],
            &[vec![
                figure(wall * 1e3),
                figure(1_000.0 / wall),
                figure({
                    home.sql(
                    "INSERT INTO task_events (task_id, kind, payload, created_at)
                     SELECT id, 'completed', '{}', unixepoch() FROM tasks WHERE status = 'done' LIMIT 50",
                );
                    tick.peak()
                }),
            ]],
        );
    }
}

/// Takes whatever is posted to it, and says that all is well.
struct Sink {
    port: u16,
    answered: Arc<AtomicUsize>,
}

impl Sink {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its number").port();
        let answered = Arc::new(AtomicUsize::new(0));
        let count = answered.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let count = count.clone();
                // A sender that goes away ends its thread, and no more.
                std::thread::spawn(move || serve(stream, &count));
            }
        });
        Self { port, answered }
    }

    fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, answered: &AtomicUsize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut answers = stream.try_clone()?;
    let mut asked = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if asked.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.is_empty() {
                break;
            }
        }
        asked.read_exact(&mut vec![0; length])?;
        answered.fetch_add(1, Ordering::SeqCst);
        answers.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    }
}
